# The density of a distribution: its logarithm, score and sufficient statistics at points.

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


cdef class Density(Parameters):
    """Functions of points."""

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
