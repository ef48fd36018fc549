# The distribution of any family: parameters, density, score, algebra.

from klfast._threads import DEFAULT as default_threads, for_ranges, thread_count

cdef size_t chunk_blocks(size_t event) noexcept nogil:
    """Blocks between two looks at signals, and the unit handed to a thread: about a millisecond."""
    return 256 // event if event < 256 else 1


cdef dict COORDINATES = {
    "parameters": KLF_PARAMETERS,
    "natural": KLF_NATURAL,
    "unconstrained": KLF_UNCONSTRAINED,
}


cdef enum:
    NO_SCORE = -1


cdef klf_coordinates coordinates_code(name) except *:
    try:
        return COORDINATES[name]
    except (KeyError, TypeError):
        raise ValueError(
            f"coordinates={name!r}: must be one of {', '.join(COORDINATES)}"
        ) from None


cdef object checked_fixed(cls, const klf_family *family, dict given, str door):
    """The fixed parameters of a family as float64 arrays, in order; each value in its domain."""
    cdef size_t i
    cdef const char *rule
    cdef double one
    wanted = cls._fixed_names()
    for name in given:
        if name not in wanted:
            raise TypeError(f"{cls.__name__}.{door} has no fixed parameter {name!r}: it has "
                            + (", ".join(wanted) or "none"))
    arrays = []
    for i in range(family.n_parameters):
        name = family.parameters[i].name.decode()
        if name not in wanted:
            continue
        if name not in given:
            raise TypeError(f"{cls.__name__}.{door}: {name}= is missing: it is fixed, not fitted")
        array = as_float64(given[name], f"{cls.__name__}: {name}")
        for value in array.flat:
            one = value
            rule = klf_broken_rule(family.parameters[i].domain, one)
            if rule is not NULL:
                raise ValueError(
                    f"{cls.__name__}: {name} = {one!r}: {name} {rule.decode()}"
                )
        arrays.append(array)
    return arrays


cdef object common_shape(list arrays):
    """The shape of all arrays that have axes; None if they differ."""
    common = ()
    for array in arrays:
        shape = array.shape
        if common == ():
            common = shape
        elif shape != () and shape != common:
            return None
    return common


cdef object scalar_or_array(cnp.ndarray array):
    return float(array[()]) if cnp.PyArray_NDIM(array) == 0 else array


cdef class Distribution:
    """A distribution, or a batch of distributions, of one family.

    Made through the families' own classes (`klfast.Normal`, `klfast.Gamma`, ...), which name and
    document the parameters; everything else is inherited from here. Distributions are immutable.
    """

    def __dealloc__(self):
        free(self.theta)
        free(self.constants)
        free(self.table)

    cdef void made(self) except *:
        if self.theta is NULL:
            raise TypeError(f"this {type(self).__name__} was never given its parameters")

    # ---- Making one ----

    def _set(self, *values):
        """Take the parameters in the family's order; called once, by the family's class."""
        cdef bytes name = type(self)._family.encode()
        cdef double number
        cdef size_t i, n
        cdef bint plain
        if self.theta is not NULL:
            raise TypeError(f"a {type(self).__name__} is immutable: make a new one")
        self.family = klf_find_family(level, name)
        n = self.family.n_parameters
        plain = not self.family.is_vector
        for value in values:
            plain = plain and (PyFloat_CheckExact(value) or type(value) is int)
        if plain:
            self.own(1, ())
            for i in range(n):
                try:
                    number = values[i]
                except OverflowError:
                    raise ValueError(f"{type(self).__name__}: {self._parameter_names()[i]} is an "
                                     "integer beyond the largest double") from None
                self.theta[i] = number
        else:
            self.set_arrays(values)
        self.validate()

    cdef void set_arrays(self, tuple values) except *:
        cdef Py_ssize_t i
        cdef list arrays = []
        for i, value in enumerate(values):
            if PyFloat_CheckExact(value):
                value = np.asarray(value)
            elif not is_float64(value):
                value = as_float64(value, f"{type(self).__name__}: {self._parameter_names()[i]}")
            arrays.append(value)
        if self.family.is_vector:
            self._set_matrices(arrays)
            return
        shape = common_shape(arrays)
        if shape is None:
            try:
                shape = np.broadcast(*arrays).shape
            except ValueError:
                raise self._no_broadcast(arrays) from None
        self.own(1, shape)
        for i in range(len(arrays)):
            self.fill_column(i, arrays[i])

    cdef void fill_column(self, size_t i, array) except *:
        cdef const char *values = <const char *>cnp.PyArray_DATA(array)
        cdef int axes = cnp.PyArray_NDIM(array)
        cdef cnp.npy_intp step = 0
        cdef Py_ssize_t m
        if axes > 1 or axes == 1 and cnp.PyArray_DIM(array, 0) != self.members:
            self.column(i)[...] = array
            return
        if axes == 1:
            step = cnp.PyArray_STRIDE(array, 0)
        for m in range(self.members):
            self.theta[m * self.sizes.parameters + i] = (<const double *>(values + m * step))[0]

    def _no_broadcast(self, arrays):
        shapes = ", ".join(f"{n} {a.shape}" for n, a in zip(self._parameter_names(), arrays))
        return ValueError(f"{type(self).__name__}: parameters do not broadcast: {shapes}")

    def _set_matrices(self, arrays):
        """The parameters of a vector family, broadcast, with axes of their own last."""
        cdef cnp.ndarray flat
        cls = type(self).__name__
        names = self._parameter_names()
        ranks = [self.family.parameters[i].shape for i in range(len(names))]
        d, beside = 1, ""
        for array, rank, name in zip(arrays, ranks, names):
            if array.ndim < rank:
                raise ValueError(
                    f"{cls}: {name} has shape {array.shape}: it needs at least {rank} "
                    f"dimension{'s' if rank > 1 else ''}"
                )
            if rank and not beside:
                d, beside = array.shape[-1], f"{name} {array.shape}"
        if d == 0:
            raise ValueError(f"{cls}: dimension 0: an event needs at least one coordinate")
        for array, rank, name in zip(arrays, ranks, names):
            core = (d,) * rank
            if array.shape[array.ndim - rank:] != core:
                raise ValueError(
                    f"{cls}: {name} has shape {array.shape}: its last axes must be {core} "
                    f"beside {beside}"
                )
        leading = [a.shape[: a.ndim - r] for a, r in zip(arrays, ranks)]
        try:
            batch = np.broadcast_shapes(*leading)
        except ValueError:
            raise self._no_broadcast(arrays) from None
        parts = [
            np.broadcast_to(a, batch + (d,) * r).reshape(batch + (d**r,))
            for a, r in zip(arrays, ranks)
        ]
        flat = np.ascontiguousarray(np.concatenate(parts, axis=-1))
        self.own(d, batch)
        memcpy(self.theta, data_of(flat), <size_t>flat.size * sizeof(double))

    cdef void own(self, size_t d, tuple batch) except *:
        self.d = d
        self.family.sizes(d, &self.sizes)
        self.batch = batch
        self.members = 1
        for length in batch:
            self.members *= length
        if self.members > 1 << 48:  # a broadcast takes no memory before
            raise MemoryError(f"a batch of shape {batch} is too large")
        self.theta = new_doubles(self.members * self.sizes.parameters)

    cdef void validate(self) except *:
        cdef klf_violation violation
        cdef Py_ssize_t m
        cdef double *work = new_doubles(self.sizes.work)
        try:
            for m in range(self.members):
                if self.family.check(self.d, self.theta + m * self.sizes.parameters, &violation,
                                     work) != KLF_OK:
                    raise ValueError(self._violation_message(m, violation.parameter,
                                                             violation.element,
                                                             violation.rule.decode()))
                if self.family.normalise is not NULL:
                    self.family.normalise(self.d, self.theta + m * self.sizes.parameters)
        finally:
            free(work)
        if self.batch == ():
            self.constants = new_doubles(self.sizes.constants)
            self.family.prepare(self.d, self.theta, self.constants)

    def _violation_message(self, member, parameter, element, rule):
        name = self._parameter_names()[parameter]
        rank = self.family.parameters[parameter].shape
        index = np.unravel_index(member, self.batch) if self.batch else ()
        index += np.unravel_index(element, (self.d,) * rank) if rank else ()
        start, _ = self._parameter_slice(parameter)
        value = self.theta[member * self.sizes.parameters + start + element]
        where = f"[{', '.join(str(int(i)) for i in index)}]" if index else ""
        return f"{type(self).__name__}: {name}{where} = {value!r}: {name} {rule}"

    def _parameter_names(self):
        return [self.family.parameters[i].name.decode() for i in range(self.family.n_parameters)]

    def _parameter_slice(self, parameter):
        start = sum(self.d ** self.family.parameters[i].shape for i in range(parameter))
        return start, start + self.d ** self.family.parameters[parameter].shape

    @classmethod
    def _from_theta(cls, theta, batch, size_t d):
        """The distribution whose flattened parameters are `theta`, (members, parameters)."""
        cdef Distribution made = cls.__new__(cls)
        cdef cnp.ndarray flat = np.ascontiguousarray(theta, dtype=np.float64)
        made.family = klf_find_family(level, cls._family.encode())
        made.own(d, tuple(batch))
        memcpy(made.theta, data_of(flat), <size_t>flat.size * sizeof(double))
        made.validate()
        return made

    @classmethod
    def _from_coordinates(cls, values, str kind, dict fixed):
        cdef const klf_family *family = klf_find_family(level, cls._family.encode())
        cdef klf_sizes sizes
        cdef klf_status status
        cdef size_t d = 1
        cdef Py_ssize_t m
        array = np.ascontiguousarray(as_float64(values, f"{cls.__name__}: {kind}"))
        cdef cnp.ndarray flat = array
        cdef size_t k = array.shape[-1] if array.ndim else 0
        family.sizes(d, &sizes)
        while family.is_vector and sizes.coordinates < k:
            d += 1
            family.sizes(d, &sizes)
        if sizes.coordinates != k:
            raise ValueError(
                f"{cls.__name__}: {kind} has shape {array.shape}: the last axis must hold "
                + ("d + d (d + 1)/2 coordinates" if family.is_vector else
                   f"{sizes.coordinates} coordinate{'s' if sizes.coordinates > 1 else ''}")
            )
        arrays = checked_fixed(cls, family, fixed, f"from_{kind}")
        try:
            batch = np.broadcast_shapes(array.shape[:-1], *(a.shape for a in arrays))
        except ValueError:
            shapes = ", ".join(str(a.shape) for a in arrays)
            raise ValueError(f"{cls.__name__}: {kind} has shape {array.shape}, which does not "
                             f"broadcast with the fixed parameters' {shapes}") from None
        flat = array = np.ascontiguousarray(np.broadcast_to(array, batch + (k,)))
        members = array.size // k
        cdef cnp.ndarray theta = np.empty((members, sizes.parameters))
        for i, values_of in enumerate(arrays):
            theta[:, sizes.fitted + i] = np.broadcast_to(values_of, batch).reshape(members)
        cdef double *source = data_of(flat)
        cdef double *out = data_of(theta)
        for m in range(members):
            if kind == "natural":
                status = family.from_natural(d, source + m * k, out + m * sizes.parameters)
            elif kind == "mean":
                status = family.from_mean(d, source + m * k, out + m * sizes.parameters)
            else:
                status = family.from_unconstrained(d, source + m * k, out + m * sizes.parameters)
            if status != KLF_OK:
                row = array.reshape(members, k)[m]
                index = f"[{', '.join(map(str, np.unravel_index(m, batch)))}]" if batch else ""
                raise ValueError(
                    f"{cls.__name__}: {kind} parameters{index} = {row!s}: outside the domain"
                )
        return cls._from_theta(theta, batch, d)

    @classmethod
    def from_natural(cls, eta, **fixed):
        """The member with natural parameters `eta`, of shape batch + (k,).

        The family's fixed parameters, if it has any, follow by keyword and broadcast with the
        batch.

        Raises
        ------
        ValueError
            If some `eta` is outside the natural domain; the message gives its index.
        """
        return cls._from_coordinates(eta, "natural", fixed)

    @classmethod
    def from_mean(cls, mu, **fixed):
        """The member whose mean parameters E T(x) are `mu`, of shape batch + (k,).

        Fixed parameters as for `from_natural`.

        Raises
        ------
        ValueError
            If some `mu` is no expectation of the sufficient statistics under a member.
        """
        return cls._from_coordinates(mu, "mean", fixed)

    @classmethod
    def from_unconstrained(cls, u, **fixed):
        """The member with unconstrained coordinates `u`, of shape batch + (k,).

        Fixed parameters as for `from_natural`.

        Raises
        ------
        ValueError
            If some `u` is not finite or leads to parameters that are not.
        """
        return cls._from_coordinates(u, "unconstrained", fixed)

    # ---- What it is ----

    @property
    def batch_shape(self):
        """Shape of the batch: ``()`` for one distribution."""
        return self.batch

    @property
    def event_shape(self):
        """Shape of one draw: ``()`` or ``(d,)``."""
        self.made()
        return (self.d,) if self.family.is_vector else ()

    @property
    def is_integer(self):
        """Whether draws are integers."""
        self.made()
        return bool(self.family.is_integer)

    @property
    def n_coordinates(self):
        """Number k of natural, mean or unconstrained coordinates."""
        self.made()
        return self.sizes.coordinates

    @classmethod
    def _is_vector(cls):
        return bool(klf_find_family(level, cls._family.encode()).is_vector)

    @classmethod
    def _data_rule(cls):
        """What data must be for a fit: "must be finite and > 0"."""
        return klf_find_family(level, cls._family.encode()).data_rule.decode()

    @classmethod
    def _no_maximum(cls):
        """Why data may have no maximum-likelihood member."""
        return klf_find_family(level, cls._family.encode()).no_maximum.decode()

    @classmethod
    def _fixed_names(cls):
        """Names of the parameters that are not fitted."""
        cdef const klf_family *family = klf_find_family(level, cls._family.encode())
        return [family.parameters[i].name.decode() for i in range(family.n_parameters)
                if family.parameters[i].is_fixed]

    @classmethod
    def _parameter_table(cls):
        """Of each parameter: name, number of its own axes, domain in words, whether it is fixed."""
        cdef const klf_family *family = klf_find_family(level, cls._family.encode())
        return [(family.parameters[i].name.decode(), int(family.parameters[i].shape),
                 klf_broken_rule(family.parameters[i].domain, float("nan")).decode()
                 .removeprefix("must be "), bool(family.parameters[i].is_fixed))
                for i in range(family.n_parameters)]

    def _is_interior(self):
        """Whether a step can move every member."""
        self.made()
        cdef Py_ssize_t m
        for m in range(self.members):
            if not self.family.is_interior(self.d, self.theta + m * self.sizes.parameters):
                return False
        return True

    cdef object column(self, size_t i):
        # parameter i of a scalar family as a view of its memory, of the batch's shape
        cdef cnp.npy_intp shape[2]
        shape[0] = self.members
        shape[1] = self.sizes.parameters
        whole = cnp.PyArray_SimpleNewFromData(2, shape, cnp.NPY_DOUBLE, self.theta)
        return whole[:, i].reshape(self.batch)

    def _theta(self):
        """The flattened parameters, (members, parameters), as a copy."""
        self.made()
        cdef cnp.ndarray out = np.empty((self.members, self.sizes.parameters))
        memcpy(data_of(out), self.theta, <size_t>out.size * sizeof(double))
        return out

    @property
    def parameters(self):
        """The parameters by name, in the family's order: floats, or arrays for a batch."""
        theta = self._theta()
        found = {}
        for i, name in enumerate(self._parameter_names()):
            first, last = self._parameter_slice(i)
            core = (self.d,) * self.family.parameters[i].shape
            found[name] = scalar_or_array(theta[:, first:last].reshape(self.batch + core))
        return found

    @property
    def fixed(self):
        """Those of the parameters that are not fitted, by name; empty for most families."""
        found = self.parameters
        return {name: found[name] for name in self._fixed_names()}

    def __getitem__(self, index):
        if self.batch == ():
            raise TypeError(f"{self!r} is one distribution: it has no batch to index")
        theta = self._theta().reshape(self.batch + (self.sizes.parameters,))
        index = index if isinstance(index, tuple) else (index,)
        if not any(item is Ellipsis for item in index):
            index += (Ellipsis,)
        chosen = theta[index + (slice(None),)]
        return type(self)._from_theta(chosen, chosen.shape[:-1], self.d)

    def __len__(self):
        if self.batch == ():
            raise TypeError(f"{self!r} is one distribution: it has no length")
        return self.batch[0]

    def __repr__(self):
        inside = ", ".join(f"{k}={parameter_text(v)}" for k, v in self.parameters.items())
        return f"{type(self).__name__}({inside})"

    def __eq__(self, other):
        if type(self) is not type(other):
            return NotImplemented
        cdef Distribution that = other
        return self.batch == that.batch and np.array_equal(self._theta(), that._theta())

    def __hash__(self):
        return hash((type(self), self.batch, (self._theta() + 0.0).tobytes()))

    def __reduce__(self):
        return rebuild_distribution, (type(self), self._theta(), self.batch, self.d)

    # ---- Density ----

    def log_density(self, x, *, out=None, threads=None):
        """Log-density (or log mass) at `x`, in nats.

        Parameters
        ----------
        x : array_like
            Points; for vector families the last axis holds the coordinates. Broadcasts with the
            batch as in NumPy.
        out : ndarray of float64, optional
            Where to write the result; any strides; may be `x` itself.
        threads : int, optional
            Number of threads; by default KLFAST_THREADS, or 1. Does not change the result.

        Returns
        -------
        float or ndarray of float64
            ``-inf`` outside the support, the limit from inside at its ends, NaN where `x` is NaN.

        Raises
        ------
        TypeError, ValueError
            If `x` is not made of real numbers or does not broadcast with the batch, or `out` does
            not fit.
        """
        self.made()
        cdef double point, result
        cdef double work[KLF_BLOCK]
        if PyFloat_CheckExact(x) and self.batch == () and not self.family.is_vector \
                and out is None and self.sizes.work <= KLF_BLOCK:
            point = x
            self.family.log_density(self.d, self.constants, 1, &point, &result, work)
            return result
        array = as_float64(x, "x")
        shape = self._loop_shape(array)
        if out is not None:
            check_out(out, shape, (np.float64,))
        threads = default_threads if threads is None else thread_count(threads, "threads")
        if self.batch == ():
            result_array = self._log_density_one(array, shape, out, threads)
        elif self.family.is_vector:
            result_array = self._by_runs(array, shape, out, NO_SCORE)
        else:
            result_array = self._log_density_each(array, shape, out)
        return float(result_array[()]) if out is None and shape == () else result_array

    def _loop_shape(self, array):
        """Shape of the points `array` broadcast with the batch; the event axis left out."""
        points = array.shape
        if self.family.is_vector:
            if array.ndim == 0 or points[array.ndim - 1] != self.d:
                raise ValueError(
                    f"x has shape {points}: its last axis must hold the {self.d} coordinates"
                )
            points = points[: array.ndim - 1]
        if self.batch == ():
            return points
        try:
            return np.broadcast_shapes(points, self.batch)
        except ValueError:
            raise ValueError(
                f"x has shape {array.shape}, which does not broadcast with the batch {self.batch}"
            ) from None

    def _log_density_one(self, array, shape, out, threads):
        cdef cnp.ndarray points = np.ascontiguousarray(array)
        cdef cnp.ndarray result
        direct = out is not None and out.flags.c_contiguous and out.flags.aligned \
            and not np.may_share_memory(points, out)
        result = out if direct else np.empty(shape)
        cdef Py_ssize_t n = result.size
        chunk = chunk_blocks(self.sizes.event) * KLF_BLOCK
        if n <= chunk:
            self._log_density_range(points, result, 0, n)
        else:
            for_ranges(lambda a, b: self._log_density_range(points, result, a, b), n, chunk,
                       threads)
        if out is not None and not direct:
            out[...] = result
            return out
        return result

    def _log_density_range(self, cnp.ndarray points, cnp.ndarray result, size_t first, size_t last):
        cdef const double *x = data_of(points)
        cdef double *log_p = data_of(result)
        cdef size_t event = self.sizes.event, i, n
        cdef double *work = new_doubles(self.sizes.work)
        with nogil:
            i = first
            while i < last:
                n = last - i if last - i < KLF_BLOCK else KLF_BLOCK
                self.family.log_density(self.d, self.constants, n, x + i * event, log_p + i, work)
                i += n
        free(work)

    def _log_density_each(self, array, shape, out):
        """Arrays of parameters of a scalar family: NumPy's iterator hands out chunks."""
        cdef const double *parameters[8]
        cdef const double *x
        cdef double *log_p
        cdef size_t n, i, count = self.family.n_parameters
        operands = [array] + [self.column(i) for i in range(count)] + [out]
        flags = [["readonly", "contig", "aligned", "nbo"]] * (count + 1)
        flags.append(["writeonly", "allocate", "contig", "aligned", "nbo", "no_broadcast"])
        with np.nditer(operands, flags=["external_loop", "buffered", "zerosize_ok",
                                        "copy_if_overlap", "delay_bufalloc"],
                       op_flags=flags, op_dtypes=[np.float64] * (count + 2), order="C",
                       buffersize=2048) as iterator:
            iterator.reset()
            result = iterator.operands[count + 1]
            if iterator.itersize:
                for chunks in iterator:
                    x = data_of(chunks[0])
                    log_p = data_of(chunks[count + 1])
                    for i in range(count):
                        parameters[i] = data_of(chunks[1 + i])
                    n = chunks[0].size
                    with nogil:
                        self.family.log_density_each(n, parameters, x, log_p)
                    PyErr_CheckSignals()
        return result

    def _by_runs(self, array, shape, out, int code):
        """Log-densities, or scores in coordinates `code`, of a batch: one kernel call to each run
        of points that share their member."""
        cdef size_t event = self.sizes.event
        tail = () if code == NO_SCORE else (self._score_width(<klf_coordinates>code),)
        cdef cnp.ndarray points = np.ascontiguousarray(
            np.broadcast_to(array, shape + self.event_shape))
        cdef cnp.ndarray owner = np.ascontiguousarray(np.broadcast_to(
            np.arange(self.members).reshape(self.batch), shape), dtype=np.int64)
        cdef cnp.ndarray result = np.empty(shape + tail)
        cdef size_t width = tail[0] if tail else 1, total = owner.size, start = 0, last, pieces
        cdef const int64_t *member = <const int64_t *>cnp.PyArray_DATA(owner)
        cdef const double *x = data_of(points)
        cdef double *to = data_of(result)
        cdef double *constants = new_doubles(self.sizes.constants + self.score_scratch())
        cdef double *scratch = constants + self.sizes.constants
        cdef int64_t prepared = -1
        try:
            while start < total:
                with nogil:
                    pieces = 0
                    while start < total and pieces < 1000:
                        last = start + 1
                        while last < total and member[last] == member[start] \
                                and last - start < KLF_BLOCK:
                            last += 1
                        if member[start] != prepared:
                            prepared = member[start]
                            self.family.prepare(
                                self.d, self.theta + <size_t>prepared * self.sizes.parameters,
                                constants)
                        if code == NO_SCORE:
                            self.family.log_density(self.d, constants, last - start,
                                                    x + start * event, to + start, scratch)
                        else:
                            self.score_rows(
                                self.theta + <size_t>prepared * self.sizes.parameters, constants,
                                <klf_coordinates>code, last - start, x + start * event,
                                to + start * width, scratch)
                        start = last
                        pieces += 1
                PyErr_CheckSignals()
        finally:
            free(constants)
        if out is not None:
            out[...] = result
            return out
        return result

    cdef size_t score_scratch(self) noexcept:
        return self.sizes.coordinates * (KLF_ROW + 1) + self.sizes.work

    cdef void score_rows(self, const double *theta, const double *constants, klf_coordinates code,
                         size_t n, const double *x, double *rows, double *scratch) noexcept nogil:
        """At most a block of scores of one member, in coordinates `code`, row by row."""
        cdef size_t k = self.sizes.coordinates, i, j
        cdef size_t width = self.sizes.fitted if code == KLF_PARAMETERS else k
        cdef double *one = scratch + k * KLF_ROW
        self.family.score(self.d, constants, n, x, NULL, scratch, one + k)
        for i in range(n):
            for j in range(k):
                one[j] = scratch[j * KLF_ROW + i]
            self.family.map_score(self.d, theta, constants, code, one, rows + i * width, one + k)

    def _score_width(self, klf_coordinates code):
        return self.sizes.fitted if code == KLF_PARAMETERS else self.sizes.coordinates

    def score(self, x, *, coordinates="parameters", out=None):
        """Gradient of the log-density with respect to the parameters.

        Parameters
        ----------
        x : array_like
            Points, as for `log_density`.
        coordinates : {"parameters", "natural", "unconstrained"}
            What the gradient is taken with respect to. The entries of a covariance matrix count
            as separate variables.
        out : ndarray of float64, optional
            Where to write the result.

        Returns
        -------
        ndarray of float64
            The coordinates are on the last axis. 0 outside the support; its expectation under the
            distribution is 0. In natural coordinates it is T(x) - E T.
        """
        self.made()
        cdef klf_coordinates code = coordinates_code(coordinates)
        array = as_float64(x, "x")
        shape = self._loop_shape(array)
        if out is not None:
            check_out(out, shape + (self._score_width(code),), (np.float64,))
        if self.batch == ():
            return self._score_one(array, shape, out, code)
        if self.family.is_vector:
            return self._by_runs(array, shape, out, code)
        return self._score_each(array, shape, out, code)

    def _score_each(self, array, shape, out, klf_coordinates code):
        """Arrays of parameters of a scalar family: NumPy's iterator hands out chunks, in order."""
        cdef const double *parameters[8]
        cdef const double *x
        cdef size_t n, i, start = 0, count = self.family.n_parameters
        cdef size_t width = self._score_width(code)
        cdef cnp.ndarray result = np.empty(shape + (width,))
        cdef double *rows = data_of(result)
        operands = [np.broadcast_to(array, shape)] + [self.column(i) for i in range(count)]
        with np.nditer(operands, flags=["external_loop", "buffered", "zerosize_ok",
                                        "delay_bufalloc"],
                       op_flags=[["readonly", "contig", "aligned", "nbo"]] * (count + 1),
                       op_dtypes=[np.float64] * (count + 1), order="C",
                       buffersize=2048) as iterator:
            iterator.reset()
            if iterator.itersize:
                for chunks in iterator:
                    x = data_of(chunks[0])
                    for i in range(count):
                        parameters[i] = data_of(chunks[1 + i])
                    n = chunks[0].size
                    with nogil:
                        self.family.score_each(n, parameters, x, code, rows + start * width)
                    start += n
                    PyErr_CheckSignals()
        if out is not None:
            out[...] = result
            return out
        return result

    def _score_one(self, array, shape, out, klf_coordinates code):
        cdef size_t event = self.sizes.event, width = self._score_width(code)
        cdef cnp.ndarray points = np.ascontiguousarray(array)
        cdef cnp.ndarray result = np.empty(shape + (width,))
        cdef size_t total = result.size // width, start = 0, n
        cdef const double *x = data_of(points)
        cdef double *rows = data_of(result)
        cdef double *scratch = new_doubles(self.score_scratch())
        # rows between two looks at signals: the map costs about k times the event's size
        cdef size_t piece = min(<size_t>KLF_BLOCK,
                                1 + 1000000 // (self.sizes.coordinates * event * event))
        try:
            while start < total:
                n = min(total - start, piece)
                with nogil:
                    self.score_rows(self.theta, self.constants, code, n, x + start * event,
                                    rows + start * width, scratch)
                PyErr_CheckSignals()
                start += n
        finally:
            free(scratch)
        if out is not None:
            out[...] = result
            return out
        return result

    def sufficient_statistics(self, x):
        """T(x), with the k statistics on the last axis; depends on the family alone.

        Where a batch has fixed parameters, which belong to the family, `x` broadcasts with it.
        """
        return self._of_points(x, True)

    def log_base_measure(self, x):
        """log h(x) of the density h(x) exp(eta.T(x) - A(eta)); depends on the family alone.

        Where a batch has fixed parameters, which belong to the family, `x` broadcasts with it.
        """
        return self._of_points(x, False)[()]

    def _of_points(self, x, bint statistics):
        self.made()
        points = self._event_points(x)
        each = self.batch != () and self.sizes.fitted < self.sizes.parameters
        shape = points.shape[: points.ndim - 1] if self.family.is_vector else points.shape
        if each:
            shape = self._loop_shape(points)
            points = np.broadcast_to(points, shape + self.event_shape)
        cdef cnp.ndarray flat = np.ascontiguousarray(points)
        cdef cnp.ndarray owner
        cdef cnp.ndarray out = np.empty(shape + ((self.sizes.coordinates,) if statistics else ()))
        cdef size_t width = self.sizes.coordinates if statistics else 1, event = self.sizes.event
        cdef size_t total = out.size // width, start, n = 1 if each else total
        cdef const double *theta = self.theta
        if each:
            owner = np.ascontiguousarray(np.broadcast_to(
                np.arange(self.members).reshape(self.batch), shape), dtype=np.int64)
        for start in range(0, total, max(n, <size_t>1)):
            if each:
                theta = self.theta + (<int64_t *>cnp.PyArray_DATA(owner))[start] \
                    * self.sizes.parameters
            if statistics:
                self.family.statistics(self.d, theta, n, data_of(flat) + start * event,
                                       data_of(out) + start * width)
            else:
                self.family.log_base_measure(self.d, theta, n, data_of(flat) + start * event,
                                             data_of(out) + start)
        return out

    def _event_points(self, x):
        array = as_float64(x, "x")
        if self.family.is_vector and (array.ndim == 0 or array.shape[array.ndim - 1] != self.d):
            raise ValueError(
                f"x has shape {array.shape}: its last axis must hold the {self.d} coordinates"
            )
        return array

    # ---- Parameter algebra ----

    def _coordinates(self, str kind):
        self.made()
        cdef size_t k = self.sizes.coordinates, p = self.sizes.parameters
        cdef cnp.ndarray out = np.empty(self.batch + (k,))
        cdef double *to = data_of(out)
        cdef Py_ssize_t m
        for m in range(self.members):
            if kind == "natural":
                self.family.to_natural(self.d, self.theta + m * p, to + m * k)
            elif kind == "mean":
                self.family.to_mean(self.d, self.theta + m * p, to + m * k)
            else:
                self.family.to_unconstrained(self.d, self.theta + m * p, to + m * k)
        return out

    @property
    def natural_parameters(self):
        """Natural parameters eta, of shape batch + (k,)."""
        return self._coordinates("natural")

    @property
    def mean_parameters(self):
        """Mean parameters E T(x), the gradient of the log-partition, of shape batch + (k,)."""
        return self._coordinates("mean")

    @property
    def unconstrained(self):
        """Unconstrained coordinates, of shape batch + (k,)."""
        return self._coordinates("unconstrained")

    def _each(self, str what):
        self.made()
        cdef cnp.ndarray out = np.empty(self.batch)
        cdef double *to = data_of(out)
        cdef double *work = new_doubles(self.sizes.work)
        cdef size_t p = self.sizes.parameters
        cdef Py_ssize_t m
        for m in range(self.members):
            if what == "entropy":
                to[m] = self.family.entropy(self.d, self.theta + m * p, work)
            else:
                to[m] = self.family.log_partition(self.d, self.theta + m * p, work)
        free(work)
        return scalar_or_array(out)

    def entropy(self):
        """Entropy -E log p(x), in nats."""
        return self._each("entropy")

    def log_partition(self):
        """Log-partition A(eta), in nats."""
        return self._each("log_partition")

    def _moments(self):
        self.made()
        cdef size_t event = self.sizes.event
        cdef cnp.ndarray mean = np.empty((self.members, event))
        cdef cnp.ndarray variance = np.empty((self.members, event))
        cdef Py_ssize_t m
        for m in range(self.members):
            self.family.mean_variance(self.d, self.theta + m * self.sizes.parameters,
                                      data_of(mean) + m * event, data_of(variance) + m * event)
        shape = self.batch + self.event_shape
        return mean.reshape(shape), variance.reshape(shape)

    def mean(self):
        """Mean of x."""
        return scalar_or_array(self._moments()[0])

    def variance(self):
        """Variance of x; for vector families that of each coordinate."""
        return scalar_or_array(self._moments()[1])

    def _score_map(self, coordinates):
        """The matrices J, batch + (width, k), that take the standard score to `coordinates`."""
        self.made()
        cdef klf_coordinates code = coordinates_code(coordinates)
        cdef size_t k = self.sizes.coordinates
        cdef size_t width = self._score_width(code), j
        cdef cnp.ndarray columns = np.empty((self.members, k, width))
        cdef double *out = data_of(columns)
        cdef double *unit = new_doubles(k + self.sizes.constants + self.sizes.work)
        cdef double *constants = unit + k
        cdef double *work = constants + self.sizes.constants
        cdef const double *theta
        cdef Py_ssize_t m
        for m in range(self.members):
            theta = self.theta + m * self.sizes.parameters
            self.family.prepare(self.d, theta, constants)
            for j in range(k):
                memset(unit, 0, k * sizeof(double))
                unit[j] = 1.0
                self.family.map_score(self.d, theta, constants, code, unit,
                                      out + (m * k + j) * width, work)
        free(unit)
        return columns.reshape(self.batch + (k, width)).swapaxes(-1, -2)

    def _map_score(self, total, coordinates):
        """A standard score of one distribution, of shape (k,), in other coordinates."""
        self.made()
        cdef klf_coordinates code = coordinates_code(coordinates)
        cdef cnp.ndarray source = np.ascontiguousarray(total, dtype=np.float64)
        cdef cnp.ndarray out = np.empty(self._score_width(code))
        cdef double *work = new_doubles(self.sizes.work)
        self.family.map_score(self.d, self.theta, self.constants, code, data_of(source),
                              data_of(out), work)
        free(work)
        return out

    def fisher_information(self, coordinates="parameters"):
        """Fisher information, the covariance of the score, of shape batch + (width, width).

        Parameters
        ----------
        coordinates : {"parameters", "natural", "unconstrained"}
            As for `score`. With respect to a full covariance matrix it is singular, since the
            matrix is symmetric.
        """
        j = self._score_map(coordinates)
        with np.errstate(over="ignore", invalid="ignore"):
            information = j @ j.swapaxes(-1, -2)
            if np.isnan(information).any():  # 0 times an entry that overflowed is 0
                terms = j[..., :, None, :] * j[..., None, :, :]
                information = np.where(np.isnan(terms), 0.0, terms).sum(axis=-1)
        return information

    def fisher_solve(self, v, coordinates="natural"):
        """The inverse Fisher information times `v`, whose last axis holds the coordinates.

        Where the information is singular, the solution of least norm.
        """
        v = as_float64(v, "v")
        j = self._score_map(coordinates)
        if v.ndim == 0 or v.shape[v.ndim - 1] != j.shape[j.ndim - 2]:
            raise ValueError(
                f"v has shape {v.shape}: its last axis must hold {j.shape[j.ndim - 2]} coordinates"
            )
        inverse = np.linalg.pinv(j) if j.shape[-1] != j.shape[-2] else np.linalg.inv(j)
        standard = (inverse @ v[..., None])
        return (inverse.swapaxes(-1, -2) @ standard)[..., 0]

    def _kl(self, Distribution other):
        """Closed-form D(self || other) for members of one family, batches broadcast."""
        self.made()
        other.made()
        shape = np.broadcast_shapes(self.batch, other.batch)
        cdef cnp.ndarray mine = np.ascontiguousarray(np.broadcast_to(
            np.arange(self.members).reshape(self.batch), shape), dtype=np.int64)
        cdef cnp.ndarray theirs = np.ascontiguousarray(np.broadcast_to(
            np.arange(other.members).reshape(other.batch), shape), dtype=np.int64)
        cdef cnp.ndarray out = np.empty(shape)
        cdef int64_t *a = <int64_t *>cnp.PyArray_DATA(mine)
        cdef int64_t *b = <int64_t *>cnp.PyArray_DATA(theirs)
        cdef double *to = data_of(out)
        cdef double *work = new_doubles(self.sizes.work)
        cdef size_t i, n = out.size, p = self.sizes.parameters
        for i in range(n):
            to[i] = self.family.kl(self.d, self.theta + a[i] * p, other.theta + b[i] * p, work)
        free(work)
        return scalar_or_array(out)

    # ---- Draws ----

    def sample(self, size=None, *, rng=None, out=None, threads=None):
        """Draw independent samples.

        Parameters
        ----------
        size : int or tuple of int, optional
            Shape of the draws of each member; by default one draw.
        rng : int, None, SeedSequence, numpy Generator or Stream, optional
            Where the random numbers come from. An int is a seed; None is fresh entropy; a Stream
            goes on from where it is; a numpy Generator is advanced by two 64-bit draws.
        out : ndarray, optional
            Where to write the draws: float64, or int64 for integer families; any strides.
        threads : int, optional
            Number of threads; does not change the draws.

        Returns
        -------
        float, int or ndarray
            Of shape size + batch + event; int64 for integer families. Draws that would round to
            the outside of the support are the nearest number inside.

        Raises
        ------
        TypeError, ValueError
            If `size`, `rng`, `out` or `threads` is none of the above; or if counts may exceed the
            largest int64, 9.2e18, and no float64 `out` is given.
        MemoryError
            If the result does not fit; the stream has not moved then.

        Notes
        -----
        Random numbers come in blocks of 512 draws, and a call takes whole blocks from the stream:
        the draws of one distribution do not depend on how many follow them. Of a batch in which
        each member has 512 draws or more, or of vectors, each member has a run of blocks of its
        own, one after the other, and draws what it would draw alone from there. Where each member
        of a batch has fewer, the members share blocks, draw by draw in the order of the result:
        the draws then depend on the shape of the batch.
        """
        self.made()
        return sample_into(self, size, rng, out, threads)

    cdef void prepare_table(self) except *:
        cdef double *table
        if not self.table_ready:
            table = new_doubles(self.sizes.table)
            if self.family.prepare_sampler is not NULL:
                self.family.prepare_sampler(self.d, self.theta, table)
            self.table = table
            self.table_ready = True


def parameter_text(value):
    """A parameter as an expression that gives it back; long arrays are cut short."""
    if isinstance(value, float):
        return repr(value)
    return repr(value.tolist()) if value.size <= 1000 else np.array2string(value, separator=", ")


def rebuild_distribution(cls, theta, batch, d):
    """A distribution as it was when pickled."""
    return cls._from_theta(theta, batch, d)
