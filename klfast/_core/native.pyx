# cython: language_level=3, cdivision=True
"""The one layer between Python and the C library.

No family is named here: everything goes through the family's table. Validation happens in this
layer, once, before any work; kernels assume valid input.
"""
import operator
import os
from collections import namedtuple

import numpy as np

cimport numpy as cnp
from cpython.exc cimport PyErr_CheckSignals
from cpython.float cimport PyFloat_CheckExact
from libc.math cimport NAN, sqrt
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

cnp.import_array()

include "library.pxi"
include "arrays.pxi"
include "stream.pxi"
include "parameters.pxi"
include "density.pxi"
include "distribution.pxi"
include "sampling.pxi"
include "accumulator.pxi"
include "reverse.pxi"
