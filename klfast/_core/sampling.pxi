# Draws of a distribution into arrays. Of a batch, member m uses blocks of its own if it has a block
# of draws at least; else the members share blocks, each draw at its place in the result.

cdef enum:
    EACH_CHUNK = 32  # blocks between two looks at signals; a draw may cost microseconds
    FEW_BLOCKS = 32  # so many are not divided among threads


def size_shape(size):
    """`size` as a tuple of non-negative ints."""
    if size is None:
        return ()
    items = size if isinstance(size, (tuple, list)) else (size,)
    return tuple(bounded_integer(item, "size", 2**63) for item in items)


cdef bint clearly_fits(Distribution self):
    """Whether every member's counts fit int64, as a rule by its mean and variance."""
    cdef double mean, variance
    cdef Py_ssize_t m
    if self.family.fits_integers is not NULL \
            and self.family.fits_integers(self.members, self.theta):
        return True
    for m in range(self.members):
        self.family.mean_variance(self.d, self.theta + m * self.sizes.parameters, &mean, &variance)
        if not mean + 40.0 * sqrt(variance) + 1000.0 <= 9.2e18:
            return False
    return True


def check_integer_range(Distribution self):
    """Refuse to put counts into int64 that may not fit; found out once for each distribution."""
    if self.fits_integers:
        return
    if clearly_fits(self):
        self.fits_integers = True
        return
    mean, variance = self._moments()
    reach = mean + 40.0 * np.sqrt(variance) + 1000.0
    bounded = np.isfinite(variance)
    exceeds = np.any(bounded & (reach > 9.2e18))
    if not np.all(bounded):
        # The variance, perhaps the mean too, has overflowed, and E T(x) = E x is huge; or they are
        # infinite by nature, with T(x) = log x: no bound would do, such draws stop at the largest
        # int64.
        exceeds = exceeds or np.any(self.mean_parameters > 9.2e18)
    if exceeds:
        raise ValueError(
            f"{type(self).__name__}: draws of mean {np.max(mean)} may exceed the largest int64, "
            "9.2e18: pass out=, an array of float64"
        )
    self.fits_integers = True


def sample_into(Distribution self, size, rng, out, threads):
    cdef Stream stream
    cdef uint64_t first
    cdef cnp.ndarray result
    stream = rng if type(rng) is Stream else as_stream(rng)
    if out is None and threads is None and not self.family.is_vector:
        if self.batch == ():
            if size is None:
                return sample_one(self, stream)
            if type(size) is int and 0 <= size <= FEW_BLOCKS * KLF_BLOCK:
                return sample_few(self, size, stream)
        elif size is None and self.members <= FEW_BLOCKS * KLF_BLOCK \
                and self.family.sample_each is not NULL:
            return sample_few_each(self, stream)
    shape = size_shape(size)
    full = shape + self.batch + self.event_shape
    dtypes = (np.int64, np.float64) if self.family.is_integer else (np.float64,)
    threads = default_threads if threads is None else thread_count(threads, "threads")
    if out is not None:
        check_out(out, full, dtypes)
    if self.family.is_integer and (out is None or out.dtype == np.int64):
        check_integer_range(self)
    result = out if out is not None and out.flags.c_contiguous and out.flags.aligned \
        else new_array(full, dtypes[0] if out is None else out.dtype)
    count = 1
    for length in shape:
        count *= length
    each = self.batch != () and self.family.sample_each is not NULL and count < KLF_BLOCK
    blocks = -(-count * self.members // KLF_BLOCK) if each else -(-count // KLF_BLOCK)
    self_blocks = blocks if each else blocks * self.members
    if self_blocks >= 2**63:
        raise MemoryError(f"size={size!r} is too large")
    first = stream.reserve(self_blocks)
    if self.batch == ():
        self.prepare_table()
        for_ranges(lambda a, b: sample_blocks(self, stream, first, count, result, a, b), blocks,
                   chunk_blocks(self.sizes.event), threads)
    elif each:
        for_ranges(lambda a, b: sample_each(self, stream, first, result, a, b), blocks,
                   EACH_CHUNK, threads)
    else:
        for_ranges(lambda a, b: sample_batch(self, stream, first, count, result, a, b),
                   self_blocks, chunk_blocks(self.sizes.event), threads)
    if out is None:
        return result[()] if full else result[()].item()
    if out is not result:
        out[...] = result
    return out


cdef object sample_one(Distribution self, Stream stream):
    """One draw of a scalar member."""
    cdef double x
    cdef int64_t whole
    cdef double work[KLF_BLOCK]
    cdef double *scratch = &work[0]
    cdef bint large = self.sizes.work > KLF_BLOCK
    cdef uint64_t block
    if self.family.is_integer:
        check_integer_range(self)
    self.prepare_table()
    block = stream.reserve(1)
    if large:
        scratch = new_doubles(self.sizes.work)
    self.family.sample(self.d, self.constants, self.table, stream.key, block, 1, &x,
                       scratch)
    if large:
        free(scratch)
    if not self.family.is_integer:
        return x
    level.to_integers(1, &x, &whole)
    return whole


cdef object sample_few(Distribution self, Py_ssize_t count, Stream stream):
    """An array of draws of a scalar member, too few to divide or to be interrupted."""
    cdef cnp.npy_intp length = count
    cdef int kind = cnp.NPY_INT64 if self.family.is_integer else cnp.NPY_DOUBLE
    cdef uint64_t blocks = (<uint64_t>count + KLF_BLOCK - 1) // KLF_BLOCK
    cdef double work[2 * KLF_BLOCK]
    if self.family.is_integer:
        check_integer_range(self)
    self.prepare_table()
    result = cnp.PyArray_SimpleNew(1, &length, kind)
    if blocks == 1 and self.sizes.work <= KLF_BLOCK:  # too few to let other threads in
        draw_blocks(self, stream.key, stream.reserve(1), count, result_of(result), 0, 1, &work[0])
    else:
        sample_blocks(self, stream, stream.reserve(blocks), count, result, 0, blocks)
    return result


cdef object sample_few_each(Distribution self, Stream stream):
    """A draw of every member of a batch of a scalar family, too few to divide."""
    cdef cnp.npy_intp shape[64]
    cdef int kind = cnp.NPY_INT64 if self.family.is_integer else cnp.NPY_DOUBLE
    cdef uint64_t blocks = (<uint64_t>self.members + KLF_BLOCK - 1) // KLF_BLOCK
    cdef int axes = 0
    if self.family.is_integer:
        check_integer_range(self)
    for length in self.batch:
        shape[axes] = length
        axes += 1
    result = cnp.PyArray_SimpleNew(axes, shape, kind)
    if blocks > 0:
        sample_each(self, stream, stream.reserve(blocks), result, 0, blocks)
    return result


cdef struct draws_to:
    double *doubles
    int64_t *integers  # NULL where draws stay doubles


cdef draws_to result_of(cnp.ndarray result) noexcept:
    cdef draws_to to
    to.doubles = data_of(result)
    to.integers = <int64_t *>to.doubles if cnp.PyArray_TYPE(result) == cnp.NPY_INT64 else NULL
    return to


cpdef sample_blocks(Distribution self, Stream stream, uint64_t first, uint64_t count,
                    cnp.ndarray result, uint64_t a, uint64_t b):
    """Blocks a to b of `count` draws of one member into its C-contiguous result."""
    cdef double *work = new_doubles(self.sizes.work + KLF_BLOCK)
    cdef draws_to to = result_of(result)
    cdef klf_stream key = stream.key
    with nogil:
        draw_blocks(self, key, first, count, to, a, b, work)
    free(work)


cdef void draw_blocks(Distribution self, klf_stream key, uint64_t first, uint64_t count,
                      draws_to to, uint64_t a, uint64_t b, double *work) noexcept nogil:
    # `work` holds a block beside the family's scratch
    cdef double *draws = work + self.sizes.work
    cdef size_t event = self.sizes.event, n
    cdef uint64_t block
    for block in range(a, b):
        n = min(count - block * KLF_BLOCK, <uint64_t>KLF_BLOCK)
        if to.integers is not NULL:
            self.family.sample(self.d, self.constants, self.table, key, first + block, n, draws,
                               work)
            level.to_integers(n, draws, to.integers + block * KLF_BLOCK)
        else:
            self.family.sample(self.d, self.constants, self.table, key, first + block, n,
                               to.doubles + block * KLF_BLOCK * event, work)


cpdef sample_each(Distribution self, Stream stream, uint64_t first, cnp.ndarray result, uint64_t a,
                  uint64_t b):
    """Blocks a to b of draws that all are of other members: draw i of member i, the members over
    and over."""
    cdef double *columns = new_doubles((self.sizes.parameters + 1) * KLF_BLOCK)
    cdef draws_to to = result_of(result)
    cdef size_t total = cnp.PyArray_SIZE(result)
    cdef klf_stream key = stream.key
    if total <= KLF_TILE:  # too few to let other threads in
        draw_each(self, key, first, total, to, a, b, columns)
    else:
        with nogil:
            draw_each(self, key, first, total, to, a, b, columns)
    free(columns)


cdef void draw_each(Distribution self, klf_stream key, uint64_t first, size_t total, draws_to to,
                    uint64_t a, uint64_t b, double *columns) noexcept nogil:
    cdef size_t width = self.sizes.parameters, n, i, j
    cdef size_t member = a * KLF_BLOCK % <uint64_t>self.members
    cdef double *draws = columns + width * KLF_BLOCK
    cdef const double *parameters[8]
    cdef const double *theta
    cdef uint64_t block
    for j in range(width):
        parameters[j] = columns + j * KLF_BLOCK
    for block in range(a, b):
        n = min(total - block * KLF_BLOCK, <size_t>KLF_BLOCK)
        for i in range(n):
            theta = self.theta + member * width
            for j in range(width):
                columns[j * KLF_BLOCK + i] = theta[j]
            member = member + 1 if member + 1 < <size_t>self.members else 0
        if to.integers is not NULL:
            self.family.sample_each(n, parameters, key, first + block, draws)
            level.to_integers(n, draws, to.integers + block * KLF_BLOCK)
        else:
            self.family.sample_each(n, parameters, key, first + block,
                                    to.doubles + block * KLF_BLOCK)


def sample_batch(Distribution self, Stream stream, uint64_t first, uint64_t count,
                 cnp.ndarray result, uint64_t a, uint64_t b):
    """Blocks a to b of a batch: each member draws as if it were alone with its own run of blocks,
    and its draws are laid out size + batch + event."""
    cdef bint to_integer = cnp.PyArray_TYPE(result) == cnp.NPY_INT64
    cdef double *out = data_of(result)
    cdef int64_t *integers = <int64_t *>cnp.PyArray_DATA(result)
    cdef size_t event = self.sizes.event, members = self.members, n, i, j
    cdef uint64_t blocks = (count + KLF_BLOCK - 1) // KLF_BLOCK
    cdef uint64_t unit, block, member, prepared = members, place
    cdef double *constants = new_doubles(self.sizes.constants + self.sizes.table + self.sizes.work
                                         + KLF_BLOCK * (event + 1))
    cdef double *table = constants + self.sizes.constants
    cdef double *work = table + self.sizes.table
    cdef double *draws = work + self.sizes.work
    cdef int64_t *whole = <int64_t *>(draws + KLF_BLOCK * event)
    cdef const double *theta
    cdef klf_stream key = stream.key
    with nogil:
        for unit in range(a, b):
            member, block = unit // blocks, unit % blocks
            if member != prepared:
                prepared = member
                theta = self.theta + member * self.sizes.parameters
                self.family.prepare(self.d, theta, constants)
                if self.family.prepare_sampler is not NULL:
                    self.family.prepare_sampler(self.d, theta, table)
            n = min(count - block * KLF_BLOCK, <uint64_t>KLF_BLOCK)
            self.family.sample(self.d, constants, table, key, first + unit, n, draws, work)
            if to_integer:
                level.to_integers(n, draws, whole)
            for i in range(n):
                place = ((block * KLF_BLOCK + i) * members + member) * event
                if to_integer:
                    integers[place] = whole[i]
                else:
                    for j in range(event):
                        out[place + j] = draws[i * event + j]
    free(constants)
