# The distribution of any family, with its parameter algebra and draws.

cdef class Distribution(Density):
    """A distribution, or a batch of distributions, of one family.

    Made through the families' own classes (`klfast.Normal`, `klfast.Gamma`, ...), which name and
    document the parameters; everything else is inherited from here. Distributions are immutable.
    """

    _is_product = False

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
        if self.batch == () == other.batch:
            return self._kl_one(other)
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

    def _kl_one(self, Distribution other):
        cdef double *work = new_doubles(self.sizes.work)
        cdef double value = self.family.kl(self.d, self.theta, other.theta, work)
        free(work)
        return value

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
