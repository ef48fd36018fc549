# Moments of data or of draws, mergeable in any grouping.

cdef dict MOMENTS = {
    "score": KLF_MOMENTS_SCORE,
    "gradient": KLF_MOMENTS_GRADIENT,
    "full": KLF_MOMENTS_FULL,
}


cdef class Accumulator:
    """Sums of the standard score of `distribution` over weighted samples, block by block.

    Rows are numbered as they come and dealt into blocks of 512; sums of blocks are joined along
    one fixed binary tree. So the result is the same, bit for bit, however the rows are cut into
    calls, and however accumulators of different blocks are merged.

    Parameters
    ----------
    distribution : Distribution
        One distribution: the reference under which the score is taken.
    kind : {"score", "gradient", "full"}
        Which moments are kept; the last two need log-ratios.
    first_block : int, optional
        Number of the first block, for accumulators that are to be merged.

    Notes
    -----
    The standard score is the score in the coordinates in which the Fisher information at
    `distribution` is the identity.
    """

    cdef readonly Distribution distribution
    cdef klf_moments_kind kind
    cdef klf_accumulator sums
    cdef uint64_t block
    cdef double *open_x       # the open block: rows, weights, log-ratios
    cdef double *open_w
    cdef double *open_r
    cdef bint open_weighted
    cdef size_t pending       # its number of rows
    cdef bint busy            # rows are being added, perhaps without the GIL

    def __cinit__(self, Distribution distribution, kind="score", first_block=0):
        if distribution.batch != ():
            raise ValueError(f"distribution has batch shape {distribution.batch}: it must be one")
        try:
            self.kind = MOMENTS[kind]
        except (KeyError, TypeError):
            raise ValueError(f"kind={kind!r}: must be one of {', '.join(MOMENTS)}") from None
        self.distribution = distribution
        self.block = bounded_integer(first_block, "first_block", 2**63)
        self.sums.width = klf_moments_size(self.kind, distribution.sizes.coordinates)
        self.grow(64)

    def __dealloc__(self):
        free(self.sums.first)
        free(self.sums.values)
        free(self.open_x)

    cdef void grow(self, size_t capacity) except *:
        cdef klf_accumulator larger = self.sums
        larger.capacity = capacity
        larger.first = <uint64_t *>malloc(2 * capacity * sizeof(uint64_t))
        larger.values = <double *>malloc(capacity * larger.width * sizeof(double))
        if larger.first is NULL or larger.values is NULL:
            free(larger.first)
            free(larger.values)
            raise MemoryError(f"no memory for {capacity} nodes")
        larger.count = larger.first + capacity
        if self.sums.used:
            memcpy(larger.first, self.sums.first, self.sums.used * sizeof(uint64_t))
            memcpy(larger.count, self.sums.count, self.sums.used * sizeof(uint64_t))
            memcpy(larger.values, self.sums.values,
                   self.sums.used * larger.width * sizeof(double))
        free(self.sums.first)
        free(self.sums.values)
        self.sums = larger

    def update(self, x, weights=None, log_ratio=None, *, threads=None):
        """Add samples, with weights and log-ratios if these are kept.

        Parameters
        ----------
        x : array_like of shape (n,) or (n, d)
            Samples inside the support.
        weights : array_like of shape (n,), optional
            Non-negative weights.
        log_ratio : array_like of shape (n,), optional
            log p(x) - log q(x); needed by the kinds "gradient" and "full".
        threads : int, optional
            Number of threads; does not change the result.

        Raises
        ------
        ValueError
            If a shape differs or some value is not finite, negative as a weight or outside the
            support: nothing is added then.
        """
        cdef cnp.ndarray rows = as_rows(
            x, "x", self.distribution.d if self.distribution.family.is_vector else None)
        n = rows.shape[0]
        w = None if weights is None else checked_weights(weights, n)
        r = checked_log_ratio(log_ratio, n, self.kind)
        check_inside(self.distribution, rows, 0)
        threads = default_threads if threads is None else thread_count(threads, "threads")
        self._add_rows(rows, w, r, threads)

    def _add_rows(self, cnp.ndarray rows, w, r, threads):
        """Add checked rows; one thread at a time."""
        if self.busy:
            raise RuntimeError("this accumulator is in use by another thread: give each its own "
                               "and merge them")
        self.busy = True
        try:
            self._deal(rows, w, r, threads)
        finally:
            self.busy = False

    def _deal(self, cnp.ndarray rows, w, r, threads):
        """Fill the open block, then whole blocks, then open a new one."""
        cdef size_t n = rows.shape[0], start = 0, whole, a, chunk
        cdef size_t event = self.distribution.sizes.event
        cdef const double *x = data_of(rows)
        cdef const double *weights = pointer_or_null(w)
        cdef const double *ratio = pointer_or_null(r)
        cdef uint64_t first
        if self.pending:
            start = min(n, KLF_BLOCK - self.pending)
            self.keep(x, weights, ratio, 0, start)
            if self.pending < KLF_BLOCK:
                return
            self.close()
        whole = (n - start) // KLF_BLOCK
        first = self.block
        if self.sums.capacity - self.sums.used < 64:
            self.grow(2 * self.sums.capacity)
        chunk = chunk_blocks(event)
        if threads == 1 or whole <= chunk:
            for a in range(0, whole, chunk):
                self.add_blocks(self, x, weights, ratio, n, start, first, a,
                                min(a + chunk, whole))
                PyErr_CheckSignals()
        else:
            parts = for_ranges(lambda a, b: self._part(rows, w, r, start, first, a, b), whole,
                               chunk, threads)
            for part in parts:
                self.take(part)
        self.block = first + whole
        self.keep(x, weights, ratio, start + whole * KLF_BLOCK, n)

    def _part(self, cnp.ndarray rows, w, r, size_t start, uint64_t first, size_t a, size_t b):
        """Blocks a to b of the rows from `start` on, as an accumulator of their own."""
        cdef Accumulator part = self._empty()
        self.add_blocks(part, data_of(rows), pointer_or_null(w), pointer_or_null(r),
                        rows.shape[0], start, first, a, b)
        return part

    def _empty(self):
        return Accumulator(self.distribution, KIND_NAMES[self.kind])

    cdef void keep(self, const double *x, const double *w, const double *r, size_t start,
                   size_t stop) except *:
        """Copy rows start to stop into the open block."""
        cdef size_t n = stop - start, event = self.distribution.sizes.event, i
        if n == 0:
            return
        if self.open_x is NULL:
            self.open_x = new_doubles(KLF_BLOCK * (event + 2))
            self.open_w = self.open_x + KLF_BLOCK * event
            self.open_r = self.open_w + KLF_BLOCK
        if self.pending == 0:
            self.open_weighted = False
        memcpy(self.open_x + self.pending * event, x + start * event, n * event * sizeof(double))
        for i in range(n):
            self.open_w[self.pending + i] = w[start + i] if w is not NULL else 1.0
            self.open_r[self.pending + i] = r[start + i] if r is not NULL else 0.0
        self.open_weighted = self.open_weighted or w is not NULL
        self.pending += n

    cdef void add_open(self, Accumulator part) except *:
        """Add the open block, as it is, to `part`."""
        if self.pending:
            self.add_blocks(part, self.open_x, self.open_w if self.open_weighted else NULL,
                            self.open_r, self.pending, 0, self.block, 0, 1)

    cdef void close(self) except *:
        """Make the open block a block of the sums."""
        if self.pending:
            self.add_open(self)
            self.pending = 0
            self.block += 1

    cdef void add_blocks(self, Accumulator part, const double *x, const double *w, const double *r,
                         size_t total, size_t start, uint64_t first, size_t a,
                         size_t b) except *:
        """Add blocks a to b of the rows from `start` on, numbered from `first`, to `part`."""
        cdef Distribution p = self.distribution
        cdef size_t k = p.sizes.coordinates, event = p.sizes.event, n, i, at
        cdef klf_status status = KLF_OK
        cdef double *score = new_doubles(k * KLF_ROW + 2 * KLF_BLOCK + p.sizes.work
                                         + part.sums.width)
        cdef double *scratch = score + k * KLF_ROW
        cdef double *work = scratch + 2 * KLF_BLOCK
        cdef double *moments = work + p.sizes.work
        with nogil:
            for i in range(a, b):
                at = start + i * KLF_BLOCK
                n = total - at if total - at < KLF_BLOCK else KLF_BLOCK
                if self.kind == KLF_MOMENTS_SCORE:
                    klf_score_moments(level, p.family, p.d, k, p.constants, n, x + at * event,
                                      w + at if w is not NULL else NULL, moments, score, scratch,
                                      work)
                else:
                    p.family.score(p.d, p.constants, n, x + at * event, NULL, score, work)
                    level.block_moments(self.kind, k, n, score, r + at if r is not NULL else NULL,
                                        w + at if w is not NULL else NULL, moments, scratch)
                status = klf_accumulator_add(&part.sums, first + i, moments)
                if status != KLF_OK:
                    break
        free(score)
        if status != KLF_OK:
            raise ValueError(f"block {first + i} is there already: give each accumulator its own "
                             "first_block")

    cdef void take(self, Accumulator other) except *:
        """Merge the closed blocks of another accumulator."""
        if self.sums.capacity - self.sums.used < other.sums.used:
            self.grow(2 * self.sums.capacity + other.sums.used)
        if klf_accumulator_merge(&self.sums, &other.sums) != KLF_OK:
            raise ValueError("the accumulators share a block: give each its own first_block")

    def _whole(self):
        """This accumulator with its open block closed, as a copy if it has one."""
        if not self.pending:
            return self
        cdef Accumulator whole = self._empty()
        whole.grow(self.sums.used + 64)
        whole.take(self)
        self.add_open(whole)
        whole.block = self.block + 1
        return whole

    def merge(self, Accumulator other):
        """Take in the blocks of another accumulator of the same distribution and kind.

        An open block is closed: rows that are added later begin a block after all that are there.

        Raises
        ------
        ValueError
            If they differ in distribution or kind or share a block: nothing is merged then.
        """
        if self.busy or other.busy:
            raise RuntimeError("an accumulator that is in use by another thread cannot be merged")
        if other.kind != self.kind or other.distribution != self.distribution:
            raise ValueError("accumulators of different distributions or kinds do not merge")
        cdef Accumulator closed = self._whole()
        cdef Accumulator whole = other._whole()
        cdef Accumulator merged = self._empty()
        merged.take(closed)
        merged.take(whole)
        self.close()
        self.take(whole)
        self.block = max(self.block, whole.block)
        return self

    def __add__(self, other):
        if not isinstance(other, Accumulator):
            return NotImplemented
        made = self._empty()
        made.merge(self)
        return made.merge(other)

    def moments(self):
        """The sums: n, sum w, sum w**2, sum w s, and, by kind, those with the log-ratio r
        (sum w r, sum w r**2, sum w s r, sum (w s r)**2) and the products of scores."""
        cdef cnp.ndarray out = np.empty(self.sums.width)
        cdef Accumulator whole = self._whole()
        klf_accumulator_total(&whole.sums, data_of(out))
        return out

    def mean_score(self):
        """Weighted mean of the standard score, of shape (k,)."""
        moments = self.moments()
        return moments[3:3 + self.distribution.n_coordinates] / moments[1]

    def sum_score(self, coordinates="parameters"):
        """The sum of w times the score in `coordinates`: the gradient of the log-likelihood."""
        total = self.moments()[3:3 + self.distribution.n_coordinates]
        return self.distribution._map_score(total, coordinates)


cdef const double *pointer_or_null(array) except? NULL:
    return NULL if array is None else data_of(array)


KIND_NAMES = {code: name for name, code in MOMENTS.items()}


cdef void sum_numbers(Sums sums, size_t n, const double *x, double *total) noexcept:
    """Moments of n numbers by sums of width 5: entries 3 and 4 are their sum and sum of squares."""
    cdef double moments[5]
    cdef double work[2 * KLF_BLOCK]
    cdef size_t start
    sums.sums.used = 0
    for start in range(0, n, KLF_BLOCK):
        level.block_moments(KLF_MOMENTS_GRADIENT, 0, min(n - start, <size_t>KLF_BLOCK), NULL,
                            x + start, NULL, moments, work)
        klf_accumulator_add(&sums.sums, start // KLF_BLOCK, moments)
    klf_accumulator_total(&sums.sums, total)


def sum_and_square(values):
    """Sum and sum of squares of a float64 array of shape (n,), in the library's own fixed order."""
    cdef cnp.ndarray array = np.ascontiguousarray(values, dtype=np.float64)
    cdef double total[5]
    sum_numbers(Sums(5), array.size, data_of(array), total)
    return total[3], total[4]


def mean_log1p(factors, values):
    """The mean of log(1 + f x) over the values x, for each factor f; summed as above."""
    cdef cnp.ndarray multipliers = np.ascontiguousarray(factors, dtype=np.float64)
    cdef cnp.ndarray array = np.ascontiguousarray(values, dtype=np.float64)
    cdef cnp.ndarray means = np.empty_like(multipliers)
    cdef const double *f = data_of(multipliers)
    cdef const double *x = data_of(array)
    cdef double *mean = data_of(means)
    cdef double total[5]
    cdef size_t n = array.size, i, j, log1p = VECTOR_FUNCTIONS["log1p"]
    cdef Sums sums = Sums(5)
    cdef double *scaled = new_doubles(2 * n)
    try:
        for j in range(<size_t>multipliers.size):
            for i in range(n):
                scaled[i] = f[j] * x[i]
            level.vector_functions[log1p].apply(n, scaled, scaled + n)
            sum_numbers(sums, n, scaled + n, total)
            mean[j] = total[3] / n
    finally:
        free(scaled)
    return means


def checked_weights(weights, n):
    """Weights as float64, refused if negative, not finite or all zero."""
    w = np.ascontiguousarray(as_float64(weights, "weights"))
    if w.shape != (n,):
        raise ValueError(f"weights has shape {w.shape}: it must have shape ({n},)")
    bad = ~(np.isfinite(w) & (w >= 0.0))
    if bad.any():
        i = int(np.argmax(bad))
        raise ValueError(f"weights[{i}] = {w[i]}: must be finite and >= 0")
    return w


def checked_log_ratio(log_ratio, n, klf_moments_kind kind):
    """Log-ratios as float64; there exactly if the kind keeps them."""
    if kind == KLF_MOMENTS_SCORE:
        if log_ratio is not None:
            raise ValueError('log_ratio given: kind="score" keeps none')
        return None
    if log_ratio is None:
        raise ValueError(f'log_ratio is missing: kind="{KIND_NAMES[kind]}" needs it')
    r = np.ascontiguousarray(as_float64(log_ratio, "log_ratio"))
    if r.shape != (n,):
        raise ValueError(f"log_ratio has shape {r.shape}: it must have shape ({n},)")
    if not np.isfinite(r).all():
        i = int(np.argmin(np.isfinite(r)))
        raise ValueError(f"log_ratio[{i}] = {r[i]}: must be finite")
    return r


cdef size_t first_bad(const klf_family *family, size_t d, const double *theta, size_t event,
                      const double *x, size_t n) except? 0xFFFFFFFFFFFFFFFF:
    """Index of the first datum that is outside the support or at an infinite statistic, or n."""
    cdef size_t start = 0, count, bad, step = KLF_BLOCK * chunk_blocks(event)
    while start < n:
        count = min(step, n - start)
        with nogil:
            bad = family.check_data(d, theta, count, x + start * event)
        if bad < count:
            return start + bad
        start += count
        PyErr_CheckSignals()
    return n


def check_inside(Distribution p, cnp.ndarray rows, offset):
    """Refuse data outside the support, or where a statistic is infinite."""
    family_check_data(type(p), rows, p.d, offset, p.fixed, "x")


cdef cnp.ndarray theta_with_fixed(cls, const klf_family *family, size_t d, fixed):
    """Room for one member's parameters, the fixed ones filled in."""
    cdef klf_sizes sizes
    family.sizes(d, &sizes)
    theta = np.zeros(sizes.parameters)
    values = checked_fixed(cls, family, fixed, "fit")
    for i, value in enumerate(values):
        if value.ndim:
            raise ValueError(f"{cls.__name__}.fit: fixed parameters have shape {value.shape}: "
                             "they must be numbers")
        theta[sizes.fitted + i] = value
    return theta


def family_check_data(cls, cnp.ndarray rows, size_t d, offset, fixed, name="data"):
    """`check_inside` for a class whose member is not yet known."""
    if cls._is_product:
        cls._check_rows(rows, offset, name)
        return
    bad = first_bad_row(cls, rows, d, fixed)
    if bad < len(rows):
        raise ValueError(
            f"{name}[{bad + offset}] = {rows[bad]}: data of {cls.__name__} {cls._data_rule()}"
        )


def first_bad_row(cls, cnp.ndarray rows, size_t d, fixed):
    """Index of the first row that no fit can take, or their number."""
    cdef const klf_family *family = klf_find_family(level, cls._family.encode())
    cdef cnp.ndarray theta = theta_with_fixed(cls, family, d, fixed)
    return int(first_bad(family, d, data_of(theta), d if family.is_vector else 1, data_of(rows),
                         rows.shape[0]))


def reference_member(cls, cnp.ndarray rows, w, size_t d, fixed):
    """A member near the rows of one block, to start a fit from."""
    if cls._is_product:
        return cls._reference(rows, w)
    cdef const klf_family *family = klf_find_family(level, cls._family.encode())
    cdef size_t n = min(<size_t>rows.shape[0], <size_t>KLF_BLOCK)
    cdef cnp.ndarray theta = theta_with_fixed(cls, family, d, fixed)
    cdef cnp.ndarray weights
    cdef const double *weight = NULL
    if w is not None:
        weights = w
        weight = data_of(weights)
    family.reference(d, n, data_of(rows), weight, data_of(theta))
    return cls._from_theta(theta, (), d)


def fit_from_mean_score(Distribution reference, mean_score):
    """The maximum-likelihood member for a mean standard score, or None if there is none."""
    cdef cnp.ndarray mean = np.ascontiguousarray(mean_score, dtype=np.float64)
    cdef cnp.ndarray theta = reference._theta()
    cdef double *work = new_doubles(reference.sizes.work)
    cdef klf_status status = reference.family.fit(reference.d, reference.theta,
                                                  reference.constants, data_of(mean),
                                                  data_of(theta), work)
    free(work)
    if status != KLF_OK:
        return None
    return type(reference)._from_theta(theta, (), reference.d)


def fit_rows(cls, x, weights, dict given):
    """Maximum likelihood for each of the data sets that `x` holds, in one loop in C.

    `x` has shape batch + (n,), or batch + (n, d) for vector families; weights and fixed parameters
    broadcast with batch + (n,) and batch. Gives the flattened parameters, the batch, the dimension
    and the index of the first data set that has no maximum, or None.
    """
    cdef const klf_family *family = klf_find_family(level, cls._family.encode())
    cdef klf_sizes sizes
    array = as_float64(x, "data")
    rank = 2 if family.is_vector else 1
    if array.ndim < rank:
        raise ValueError(f"data has shape {array.shape}: it must have shape "
                         + ("batch + (n, d)" if family.is_vector else "batch + (n,)"))
    cdef size_t d = array.shape[array.ndim - 1] if family.is_vector else 1
    cdef size_t n = array.shape[array.ndim - rank]
    if n == 0 or d == 0:
        raise ValueError(f"data has shape {array.shape}: there is nothing to fit")
    family.sizes(d, &sizes)
    fixed = checked_fixed(cls, family, given, "fit")
    batch = array.shape[: array.ndim - rank]
    try:
        batch = np.broadcast_shapes(batch, *(a.shape for a in fixed))
    except ValueError:
        raise ValueError(f"{cls.__name__}.fit: data of shape {array.shape} do not broadcast with "
                         f"fixed parameters of shapes {[a.shape for a in fixed]}") from None
    event = array.shape[array.ndim - rank:]
    cdef cnp.ndarray rows = np.ascontiguousarray(np.broadcast_to(array, batch + event))
    cdef size_t sets = rows.size // (n * sizes.event), m = 0, stop, stride
    cdef size_t width = sizes.parameters, bad = 0
    cdef cnp.ndarray theta = np.zeros((sets, width))
    for i, value in enumerate(fixed):
        theta[:, sizes.fitted + i] = np.broadcast_to(value, batch).reshape(sets)
    cdef cnp.ndarray w = None
    cdef const double *weight = NULL
    if weights is not None:
        w = batch_weights(weights, batch + (<Py_ssize_t>n,))
        weight = data_of(w)
    cdef const double *data = data_of(rows)
    cdef double *to = data_of(theta)
    cdef double *memory = new_doubles(klf_fit_memory(family, d, n))
    cdef klf_status status = KLF_OK
    try:
        stride = 1 if fixed else sets     # with fixed parameters each set has a rule of its own
        while m < sets:
            bad = first_bad(family, d, to + m * width, sizes.event, data + m * n * sizes.event,
                            stride * n)
            if bad < stride * n:
                raise_outside(cls, rows, batch, m + bad // n, n, bad % n)
            m += stride
        m = 0
        while m < sets:
            stop = min(sets, m + 1 + KLF_BLOCK * chunk_blocks(sizes.event) // n)
            with nogil:
                while m < stop:
                    status = klf_fit(level, family, d, n, data + m * n * sizes.event,
                                     weight + m * n if weight is not NULL else NULL,
                                     to + m * width, memory)
                    if status != KLF_OK:
                        break
                    m += 1
            if status != KLF_OK:
                return theta, batch, d, np.unravel_index(m, batch)
            PyErr_CheckSignals()
    finally:
        free(memory)
    return theta, batch, d, None


def raise_outside(cls, rows, batch, m, n, bad):
    """The error for a datum that no fit can take."""
    index = tuple(int(i) for i in np.unravel_index(m, batch)) + (int(bad),)
    where = ", ".join(map(str, index))
    raise ValueError(
        f"data[{where}] = {rows[index]}: data of {cls.__name__} {cls._data_rule()}"
    )


def batch_weights(weights, shape):
    """Checked weights broadcast to one row for each data set, none of them all 0."""
    array = as_float64(weights, "weights")
    try:
        whole = np.ascontiguousarray(np.broadcast_to(array, shape))
    except ValueError:
        raise ValueError(
            f"weights has shape {array.shape}: it must broadcast to {shape}"
        ) from None
    checked_weights(whole.reshape(-1), whole.size)
    largest = whole.max(axis=-1, keepdims=True)
    if not (largest > 0.0).all():
        where = np.argwhere(largest[..., 0] == 0.0)[0] if len(shape) > 1 else []
        index = f"[{', '.join(map(str, where))}]" if len(where) else ""
        raise ValueError(f"weights{index} are all 0: there is nothing to fit")
    return np.where(largest > 1e100, whole / largest, whole)
