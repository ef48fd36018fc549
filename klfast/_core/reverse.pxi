# Compiled targets and the runs of the reverse minimiser.

cdef class Target:
    """A compiled q: a mixture of members of any families (or one member, unmixed)."""

    def __cinit__(self, components, log_weights):
        cdef Distribution component
        cdef size_t i, n = len(components), most = 0
        self.components = <klf_component *>malloc(max(n, 1) * sizeof(klf_component))
        if self.components is NULL:
            raise MemoryError("no memory for the components")
        self.keep = list(components)
        for i in range(n):
            component = components[i]
            self.components[i].family = component.family
            self.components[i].constants = component.constants
            self.components[i].log_weight = log_weights[i]
            if component.sizes.work > most:
                most = component.sizes.work
            self.target.d = component.d
        self.target.log_density = level.mixture
        self.target.work = n * KLF_BLOCK + most
        self.target.n_components = n
        self.target.components = self.components

    def __dealloc__(self):
        free(self.components)

    def log_density(self, cnp.ndarray rows, size_t n, int threads=1):
        """log q of n C-contiguous rows."""
        cdef cnp.ndarray out = np.empty(n)
        chunk = chunk_blocks((<Distribution>self.keep[0]).sizes.event) * KLF_BLOCK
        for_ranges(lambda a, b: self._range(rows, out, a, b), n, chunk, threads)
        return out

    def _range(self, cnp.ndarray rows, cnp.ndarray out, size_t first, size_t last):
        cdef const double *x = data_of(rows)
        cdef double *log_q = data_of(out)
        cdef double *work = new_doubles(self.target.work)
        cdef size_t i, n, event = (<Distribution>self.keep[0]).sizes.event
        with nogil:
            i = first
            while i < last:
                n = last - i if last - i < KLF_BLOCK else KLF_BLOCK
                self.target.log_density(&self.target, n, x + i * event, log_q + i, work)
                i += n
        free(work)


STATUS = {
    KLF_RUN_GOING: "going",
    KLF_RUN_EXACT: "exact",
    KLF_RUN_CONVERGED: "converged",
    KLF_RUN_NOISE_FLOOR: "noise_floor",
    KLF_RUN_BUDGET: "budget",
    KLF_RUN_SUPPORT: "support_error",
    KLF_RUN_TARGET_NAN: "target_nan",
    KLF_RUN_TARGET_INFINITE: "target_infinite",
    KLF_RUN_DIVERGED: "diverged",
}

METHODS = {
    "natural": KLF_METHOD_NATURAL,
    "score": KLF_METHOD_SCORE,
    "quadrature": KLF_METHOD_NODES,
    "pooled": KLF_METHOD_POOLED,
    "stein": KLF_METHOD_STEIN,
    "likelihood": KLF_METHOD_LIKELIHOOD,
}

SUPPORTS = {
    KLF_SUPPORT_LINE: "line",
    KLF_SUPPORT_HALF_LINE: "half line",
    KLF_SUPPORT_TWO_HALF_LINES: "two half lines",
    KLF_SUPPORT_UNIT_INTERVAL: "unit interval",
    KLF_SUPPORT_CIRCLE: "circle",
    KLF_SUPPORT_INTEGERS: "integers",
    KLF_SUPPORT_SPACE: "space",
}

STEP_RULES = {
    "constant": KLF_STEP_CONSTANT,
    "decaying": KLF_STEP_DECAYING,
    "momentum": KLF_STEP_MOMENTUM,
    "adam": KLF_STEP_ADAM,
}

BASELINES = {
    None: KLF_BASELINE_NONE,
    "leave-one-out": KLF_BASELINE_LEAVE_ONE_OUT,
    "per-coordinate": KLF_BASELINE_PER_COORDINATE,
}

LARGEST_FULL = int(KLF_LARGEST_FULL)  # coordinates for which all products of scores are summed

HISTORY_COLUMNS = ("evaluations", "samples", "kl", "kl_error", "gain", "gain_error", "explained",
                   "length", "variance", "noise", "draws")

Estimates = namedtuple("Estimates", "kl, kl_error, gain, gain_error, explained, variance, noise, "
                                    "draws")


def support_of(Distribution p):
    """Where the mass of one member can lie: the kind of set, and the point its half lines begin
    at."""
    cdef const klf_parameter *origin = p.family.origin
    where = 0.0 if origin is NULL else p.theta[origin - p.family.parameters]
    return SUPPORTS[p.family.support], where


def has_stein_steps(Distribution p):
    """Whether p is of a family of Normals, of which gradients of log q make a step."""
    return p.family.whiten is not NULL


NETS = int(KLF_NETS)  # of a step of quasi-random draws
NET_DIMENSIONS = int(KLF_NET_DIMENSIONS)


def families_with_nets():
    """C names of the families whose draws can be made of the points of nets."""
    return [name for i, name in enumerate(family_names())
            if level.families[i].from_words is not NULL]


def net_words(Stream stream, net, dimensions, log2_points):
    """The points of one net as words, (points, dimensions); of Sobol's sequence if stream is None.
    """
    cdef cnp.ndarray out = np.empty((dimensions, KLF_BLOCK), dtype=np.uint64)
    cdef const klf_stream *key = &stream.key if stream is not None else NULL
    points = 2**log2_points
    parts = []
    for first in range(0, points, KLF_BLOCK):
        level.net(key, net, dimensions, log2_points, first, min(points, <int>KLF_BLOCK),
                  <uint64_t *>cnp.PyArray_DATA(out))
        parts.append(out[:, : min(points, <int>KLF_BLOCK)].T.copy())
    return np.concatenate(parts)


cdef uint64_t PIECE_BLOCKS = 512  # blocks of samples that a Python log q is handed in a piece


cdef class ReverseRun:
    """The state of one reverse minimisation; the methods are its stages.

    With a `Target` whole runs of steps are C; with a Python log q the caller draws, evaluates and
    hands back log q.
    """

    cdef klf_reverse run
    cdef Distribution start
    cdef Target target
    cdef Stream stream
    cdef double *doubles
    cdef uint64_t *integers

    def __cinit__(self, Distribution start, Target target, Stream stream, *, str method,
                  str step_rule, baseline, double step_size, double tolerance,
                  samples, max_samples, max_steps, max_evaluations, bint restricted=False,
                  bint quasi_random=False):
        cdef size_t doubles, integers
        self.start = start
        self.target = target
        self.stream = stream
        self.run.level = level
        self.run.family = start.family
        self.run.target = &target.target if target is not None else NULL
        self.run.stream = stream.key
        self.run.d = start.d
        self.run.sizes = start.sizes
        self.run.method = METHODS[method]
        self.run.step_rule = STEP_RULES[step_rule]
        self.run.baseline = BASELINES[baseline]
        self.run.restricted = restricted
        self.run.quasi_random = quasi_random
        self.run.step_size = step_size
        self.run.tolerance = tolerance
        self.run.samples = samples
        self.run.max_samples = max_samples
        self.run.max_steps = max_steps
        self.run.max_evaluations = max_evaluations
        klf_reverse_memory(&self.run, &doubles, &integers)
        self.doubles = new_doubles(doubles)
        self.integers = <uint64_t *>malloc(integers * sizeof(uint64_t))
        if self.integers is NULL:
            raise MemoryError("no memory for the run")
        klf_reverse_begin(&self.run, start.theta, self.doubles, self.integers)
        self.run.next_block = stream.next_block

    def __dealloc__(self):
        free(self.doubles)
        free(self.integers)

    @property
    def status(self):
        return STATUS[self.run.status]

    @property
    def steps(self):
        return int(self.run.steps)

    @property
    def evaluations(self):
        return int(self.run.evaluations)

    @property
    def samples(self):
        """Draws of the next step."""
        return int(self.run.samples)

    @property
    def estimates(self):
        """What the last step's samples tell."""
        return Estimates(self.run.kl, self.run.kl_error, self.run.gain, self.run.gain_error,
                         self.run.explained, self.run.variance, self.run.noise, self.run.draws)

    def distribution(self):
        """The present member."""
        cdef cnp.ndarray theta = np.empty(self.run.sizes.parameters)
        memcpy(data_of(theta), self.run.theta, self.run.sizes.parameters * sizeof(double))
        return type(self.start)._from_theta(theta, (), self.run.d)

    def history_row(self):
        cdef cnp.ndarray row = np.empty(KLF_ROW_COLUMNS + self.run.sizes.parameters)
        klf_reverse_row(&self.run, data_of(row))
        return row

    def bad_sample(self):
        """The sample at which a compiled target failed."""
        cdef size_t event = self.run.sizes.event
        cdef size_t n = self.run.bad_index + 1
        if self.run.quasi_random:
            return self.draw_nets(self.run.bad_block, 1, self.run.samples // KLF_NETS, 1)[n - 1]
        return self._draw(self.run.bad_block, n, 1)[n - 1]

    def _draw(self, first, count, threads):
        """`count` samples of the present member from block `first` on, as rows."""
        cdef cnp.ndarray out = new_array((count, self.run.sizes.event))
        cdef uint64_t block = first
        for_ranges(lambda a, b: self._draw_range(block, out, count, a, b),
                   -(-count // KLF_BLOCK), chunk_blocks(self.run.sizes.event), threads)
        return out if self.start.family.is_vector else out[:, 0]

    def _draw_range(self, uint64_t first, cnp.ndarray out, uint64_t count, uint64_t a, uint64_t b):
        cdef double *x = data_of(out)
        cdef double *work = new_doubles(self.run.sizes.work)
        cdef uint64_t i
        cdef size_t n
        with nogil:
            for i in range(a, b):
                n = count - i * KLF_BLOCK if count - i * KLF_BLOCK < KLF_BLOCK else KLF_BLOCK
                self.run.family.sample(self.run.d, self.run.constants, self.run.table,
                                       self.run.stream, first + i, n,
                                       x + i * KLF_BLOCK * self.run.sizes.event, work)
        free(work)

    def reserve_nets(self):
        """The number of the first of the next nets of a step."""
        return int(self.stream.reserve(KLF_NETS))

    def draw_nets(self, first, count, points, threads, start=0):
        """`points` points from number `start` on of `count` nets from number `first` on, as rows of
        draws; `start` is a multiple of `points`."""
        cdef cnp.ndarray out = new_array((count * points, self.run.sizes.event))
        cdef uint64_t net = first
        for_ranges(lambda a, b: self._draw_net(net, out, start, points, a, b), count, 1, threads)
        return out if self.start.family.is_vector else out[:, 0]

    def _draw_net(self, uint64_t first, cnp.ndarray out, uint64_t begin, uint64_t points,
                  uint64_t a, uint64_t b):
        cdef size_t event = self.run.sizes.event, n = min(points, <uint64_t>KLF_BLOCK)
        cdef double *x = data_of(out)
        cdef double *work = new_doubles(event * KLF_BLOCK + self.run.sizes.work)
        cdef uint64_t i, start
        with nogil:
            for i in range(a, b):
                start = 0
                while start < points:
                    klf_reverse_draw_net(&self.run, first + i, begin + points, begin + start, n,
                                         x + (i * points + start) * event, work)
                    start += n
        free(work)

    def draw(self, count, threads=1):
        """The next `count` samples of the present member."""
        count = int(count)
        return self._draw(self.stream.reserve(-(-count // KLF_BLOCK)), count, threads)

    def state(self):
        """What `restore` needs to go on from here to the same bits: the run and its stream."""
        cdef cnp.ndarray saved = np.empty(klf_reverse_saved(&self.run))
        klf_reverse_save(&self.run, data_of(saved))
        return saved, self.stream.block

    def restore(self, state):
        """Go back to what `state` gave, here or in a run made with the same arguments."""
        cdef cnp.ndarray saved = state[0]
        if saved.shape[0] != <Py_ssize_t>klf_reverse_saved(&self.run):
            raise ValueError("the state is that of another run, or of another version of klfast")
        klf_reverse_restore(&self.run, data_of(saved))
        self.stream.next_block = state[1]

    def use(self, str method, samples):
        """Go on by another method, with `samples` draws of the next step."""
        self.run.method = METHODS[method]
        self.run.samples = samples
        self.run.quiet = 0

    def count_evaluations(self, n):
        """Count evaluations of log q that lead to no step by themselves."""
        self.run.evaluations += n

    def undo_landing(self):
        """Go back to before a landing at which log q is not finite; False if there was none."""
        return bool(klf_reverse_undo_landing(&self.run))

    def probe_samples(self):
        return int(klf_reverse_probe_samples(&self.run))

    def probe(self, x, cnp.ndarray log_q, bint are_draws=True):
        """The in-family probe on samples with finite log q: 1 if it took or ended a step, 0 if q
        is not in the family, -1 if the samples do not tell. Other points than draws tell no more
        than that."""
        cdef cnp.ndarray rows = np.ascontiguousarray(x)
        cdef size_t n = rows.shape[0]
        cdef double *work = new_doubles(klf_reverse_probe_work(&self.run, n))
        cdef const double *samples = data_of(rows)
        cdef const double *values = data_of(log_q)
        cdef int moved
        self.run.evaluations += n
        with nogil:
            moved = klf_reverse_probe(&self.run, n, samples, values, work)
        free(work)
        if moved <= 0 and not are_draws:
            self.run.kl = self.run.kl_error = NAN
        return moved

    def probe_by_gradients(self, x, cnp.ndarray log_q, cnp.ndarray gradients):
        """The same by the gradients of log q."""
        cdef cnp.ndarray rows = np.ascontiguousarray(x)
        cdef size_t n = rows.shape[0]
        cdef double *work = new_doubles(klf_reverse_probe_work(&self.run, n))
        cdef const double *samples = data_of(rows)
        cdef const double *values = data_of(log_q)
        cdef cnp.ndarray slope_rows = np.ascontiguousarray(gradients)
        cdef const double *slopes = data_of(slope_rows)
        cdef int moved
        self.run.evaluations += n
        with nogil:
            moved = klf_stein_probe(&self.run, n, samples, values, slopes, work)
        free(work)
        return moved

    def step_python(self, log_q_of, threads=1):
        """One step with a Python log q, a piece of the samples at a time.

        ``log_q_of(x)`` gives finite values, or None to end the run; it may raise: the state is then
        as before the step.
        """
        if self.run.quasi_random:
            self._step_python_by_nets(log_q_of, threads)
            return
        cdef Sums total = Sums(self.run.sums.width)
        cdef Sums part
        cdef uint64_t samples = self.run.samples, start, n
        cdef uint64_t piece = PIECE_BLOCKS * KLF_BLOCK
        cdef uint64_t first = self.stream.reserve((samples + KLF_BLOCK - 1) // KLF_BLOCK)
        cdef cnp.ndarray moments
        for start in range(0, samples, piece):
            n = min(piece, samples - start)
            x = np.ascontiguousarray(self._draw(first + start // KLF_BLOCK, n, threads))
            log_q = log_q_of(x)
            if log_q is None:
                return
            for part in for_ranges(
                    lambda a, b: self._given_range(x, log_q, None, n, start // KLF_BLOCK, a, b),
                    (n + KLF_BLOCK - 1) // KLF_BLOCK, chunk_blocks(self.run.sizes.event), threads):
                klf_accumulator_merge(&total.sums, &part.sums)
            if self.run.status != KLF_RUN_GOING:
                return
        moments = total.total()
        self.run.evaluations += samples
        klf_reverse_update(&self.run, data_of(moments))

    def _step_python_by_nets(self, log_q_of, threads):
        cdef cnp.ndarray nets = np.empty((KLF_NETS, self.run.sums.width))
        samples = int(self.run.samples)
        points = samples // NETS
        together = max(1, PIECE_BLOCKS * KLF_BLOCK // points)
        first = self.reserve_nets()
        for start in range(0, NETS, together):
            stop = min(NETS, start + together)
            x = self.draw_nets(first + start, stop - start, points, threads)
            log_q = log_q_of(x)
            if log_q is None:
                return
            for i in range(start, stop):
                own = slice((i - start) * points, (i - start + 1) * points)
                nets[i] = self.weighted_moments(x[own], log_q[own], None, threads)
                if self.run.status != KLF_RUN_GOING:
                    return
        self.run.evaluations += samples
        klf_reverse_update_nets(&self.run, data_of(nets))

    def weighted_moments(self, x, log_q, weights, threads=1):
        """Moments of weighted samples of known, finite log q under the present member."""
        cdef cnp.ndarray rows = np.ascontiguousarray(x)
        cdef size_t n = rows.shape[0]
        return self._sum(lambda a, b: self._given_range(rows, log_q, weights, n, 0, a, b),
                         (n + KLF_BLOCK - 1) // KLF_BLOCK, threads)

    def inside(self, double log_mass, double error):
        """Set the logarithm of p's mass inside q's support, for a restricted run."""
        self.run.log_mass = log_mass
        self.run.log_mass_error = error

    def update_nodes(self, cnp.ndarray moments, cnp.ndarray coarse):
        """One step from the moments of quadrature nodes, and of every second of them."""
        klf_reverse_update_nodes(&self.run, data_of(moments), data_of(coarse))

    def update_pooled(self, cnp.ndarray moments, samples):
        """One step from the moments of pooled draws; `samples` more are to come."""
        self.run.samples = samples
        klf_reverse_update(&self.run, data_of(moments))

    def update_pooled_nets(self, cnp.ndarray nets, samples):
        """The same from the moments of each net of pooled draws."""
        self.run.samples = samples
        klf_reverse_update_nets(&self.run, data_of(nets))

    def step_stein(self, x, cnp.ndarray log_q, cnp.ndarray gradients, cnp.ndarray weights,
                   samples, threads=1):
        """One step from weighted draws with gradients of log q; `samples` more are to come."""
        cdef cnp.ndarray rows = np.ascontiguousarray(x)
        cdef cnp.ndarray slopes = np.ascontiguousarray(gradients)
        cdef size_t n = rows.shape[0]
        cdef size_t blocks = (n + KLF_BLOCK - 1) // KLF_BLOCK
        cdef cnp.ndarray moments
        cdef double *work
        cdef int informative
        self.run.samples = samples
        moments = self._sum(lambda a, b: self._stein_range(rows, log_q, slopes, weights, n,
                                                           False, a, b),
                            blocks, threads, klf_stein_width(&self.run))
        if self.run.status != KLF_RUN_GOING:
            return
        work = new_doubles(klf_stein_work(&self.run))
        informative = klf_stein_direction(&self.run, data_of(moments), work)
        free(work)
        moments = self._sum(lambda a, b: self._stein_range(rows, log_q, slopes, weights, n,
                                                           True, a, b),
                            blocks, threads, klf_stein_residual_width())
        klf_reverse_update_stein(&self.run, data_of(moments), informative)

    def _stein_range(self, cnp.ndarray rows, cnp.ndarray log_q, cnp.ndarray gradients,
                     cnp.ndarray weights, size_t total, bint residuals, size_t a, size_t b):
        """Sums of blocks a to b of the first pass, or of the second."""
        cdef Sums part = Sums(klf_stein_residual_width() if residuals
                              else klf_stein_width(&self.run))
        cdef double *work = new_doubles(klf_stein_work(&self.run) + part.sums.width)
        cdef double *moments = work + klf_stein_work(&self.run)
        cdef const double *x = data_of(rows)
        cdef const double *q = data_of(log_q)
        cdef const double *g = data_of(gradients)
        cdef const double *w = data_of(weights)
        cdef size_t i = 0, n, event = self.run.sizes.event
        cdef klf_run_status status = KLF_RUN_GOING
        with nogil:
            for i in range(a, b):
                n = total - i * KLF_BLOCK if total - i * KLF_BLOCK < KLF_BLOCK else KLF_BLOCK
                if residuals:
                    status = klf_stein_residual_block(
                        &self.run, n, x + i * KLF_BLOCK * event, q + i * KLF_BLOCK,
                        g + i * KLF_BLOCK * event, w + i * KLF_BLOCK, moments, work)
                else:
                    status = klf_stein_block(
                        &self.run, n, x + i * KLF_BLOCK * event, q + i * KLF_BLOCK,
                        g + i * KLF_BLOCK * event, w + i * KLF_BLOCK, moments, work)
                if status != KLF_RUN_GOING:
                    break
                klf_accumulator_add(&part.sums, i, moments)
        free(work)
        if status != KLF_RUN_GOING:
            self.run.status = status
        return part

    def _given_range(self, cnp.ndarray rows, cnp.ndarray log_q, weights, size_t total,
                     uint64_t number, size_t a, size_t b):
        """Moments of blocks a to b of the rows, numbered from `number` on."""
        cdef Sums part = Sums(self.run.sums.width)
        cdef double *work = new_doubles(klf_reverse_work(&self.run) + part.sums.width)
        cdef double *moments = work + klf_reverse_work(&self.run)
        cdef const double *x = data_of(rows)
        cdef const double *q = data_of(log_q)
        cdef const double *w = pointer_or_null(weights)
        cdef size_t i = 0, n
        cdef uint64_t bad = 0
        cdef klf_run_status status = KLF_RUN_GOING
        with nogil:
            for i in range(a, b):
                n = total - i * KLF_BLOCK if total - i * KLF_BLOCK < KLF_BLOCK else KLF_BLOCK
                status = klf_reverse_block_given(
                    &self.run, n, x + i * KLF_BLOCK * self.run.sizes.event, q + i * KLF_BLOCK,
                    w + i * KLF_BLOCK if w is not NULL else NULL, moments, work, &bad)
                if status != KLF_RUN_GOING:
                    break
                klf_accumulator_add(&part.sums, number + i, moments)
        free(work)
        if status != KLF_RUN_GOING:
            self.run.status = status
        return part

    def _sum(self, function, blocks, threads, width=None):
        cdef Sums total = Sums(self.run.sums.width if width is None else width)
        cdef Sums part
        for part in for_ranges(function, blocks, chunk_blocks(self.run.sizes.event), threads):
            klf_accumulator_merge(&total.sums, &part.sums)
        return total.total()

    def step_compiled(self, threads=1):
        """One step of many samples against the compiled target; several threads may share it."""
        if self.run.quasi_random:
            self._step_compiled_by_nets(threads)
            return
        cdef uint64_t samples = self.run.samples
        cdef uint64_t blocks = (samples + KLF_BLOCK - 1) // KLF_BLOCK
        cdef uint64_t first = self.stream.reserve(blocks)
        cdef cnp.ndarray moments = self._sum(
            lambda a, b: self._compiled_range(first, samples, a, b), blocks, threads)
        if self.run.status == KLF_RUN_GOING:
            self.run.evaluations += samples
            klf_reverse_update(&self.run, data_of(moments))

    def _compiled_range(self, uint64_t first, uint64_t samples, uint64_t a, uint64_t b):
        cdef Sums part = Sums(self.run.sums.width)
        cdef double *work = new_doubles(klf_reverse_work(&self.run) + part.sums.width)
        cdef double *moments = work + klf_reverse_work(&self.run)
        cdef uint64_t i = 0, bad = 0
        cdef size_t n
        cdef klf_run_status status = KLF_RUN_GOING
        with nogil:
            for i in range(a, b):
                n = samples - i * KLF_BLOCK if samples - i * KLF_BLOCK < KLF_BLOCK else KLF_BLOCK
                status = klf_reverse_block(&self.run, first + i, n, moments, work, &bad)
                if status != KLF_RUN_GOING:
                    break
                klf_accumulator_add(&part.sums, i, moments)
        free(work)
        # the first of the failing blocks, whichever thread is first to report
        if status != KLF_RUN_GOING and (self.run.status == KLF_RUN_GOING
                                        or first + i < self.run.bad_block):
            self.run.status = status
            self.run.bad_block = first + i
            self.run.bad_index = bad
            self.run.evaluations += samples
        return part

    def _step_compiled_by_nets(self, threads):
        cdef cnp.ndarray nets = np.empty((KLF_NETS, self.run.sums.width))
        cdef uint64_t points = self.run.samples // KLF_NETS
        cdef uint64_t first = self.stream.reserve(KLF_NETS)
        for_ranges(lambda a, b: self._net_range(first, points, nets, a, b), KLF_NETS, 1, threads)
        self.run.evaluations += self.run.samples
        if self.run.status == KLF_RUN_GOING:
            klf_reverse_update_nets(&self.run, data_of(nets))

    def _net_range(self, uint64_t first, uint64_t points, cnp.ndarray nets, size_t a, size_t b):
        """Moments of nets a to b into their rows."""
        cdef Sums sums = Sums(self.run.sums.width)
        cdef double *work = new_doubles(klf_reverse_work(&self.run))
        cdef double *moments = data_of(nets)
        cdef uint64_t i = 0, bad = 0
        cdef klf_run_status status = KLF_RUN_GOING
        with nogil:
            for i in range(a, b):
                status = klf_reverse_net(&self.run, first + i, points, &sums.sums,
                                         moments + i * sums.sums.width, work, &bad)
                if status != KLF_RUN_GOING:
                    break
        free(work)
        if status != KLF_RUN_GOING and (self.run.status == KLF_RUN_GOING
                                        or first + i < self.run.bad_block):
            self.run.status = status
            self.run.bad_block = first + i
            self.run.bad_index = bad

    def step_likelihood(self, cnp.ndarray rows, weights, threads=1):
        """One step from a mini-batch of data: its history row."""
        cdef cnp.ndarray moments = self.weighted_moments(rows, np.zeros(rows.shape[0]), weights,
                                                         threads)
        self.run.evaluations += rows.shape[0]
        if self.run.status == KLF_RUN_GOING:
            self.run.samples = 0  # of the next batch nothing is known
            klf_reverse_update(&self.run, data_of(moments))
        return self.history_row()[None]

    def run_likelihood(self, cnp.ndarray rows, weights, steps):
        """Up to `steps` steps from mini-batches of the rows; their history rows."""
        cdef uint64_t count = steps, done
        cdef size_t n = rows.shape[0]
        cdef cnp.ndarray history = np.empty((count, KLF_ROW_COLUMNS + self.run.sizes.parameters))
        cdef double *out = data_of(history)
        cdef const double *x = data_of(rows)
        cdef const double *w = pointer_or_null(weights)
        self.run.next_block = self.stream.next_block
        with nogil:
            done = klf_likelihood_run(&self.run, n, x, w, count, out)
        self.stream.reserve(self.run.next_block - self.stream.next_block)
        return history[:done]

    def run_compiled(self, steps):
        """Up to `steps` whole steps in C, without the GIL; their history rows."""
        cdef uint64_t count = steps, done
        cdef cnp.ndarray rows = np.empty((count, KLF_ROW_COLUMNS + self.run.sizes.parameters))
        cdef double *out = data_of(rows)
        self.run.next_block = self.stream.next_block
        with nogil:
            done = klf_reverse_run(&self.run, count, out)
        self.stream.reserve(self.run.next_block - self.stream.next_block)
        return rows[:done]


cdef class Sums:
    """Memory for an accumulator of a consecutive range of blocks."""

    cdef klf_accumulator sums

    def __cinit__(self, size_t width):
        self.sums.width = width
        self.sums.capacity = 256
        self.sums.first = <uint64_t *>malloc(512 * sizeof(uint64_t))
        self.sums.values = new_doubles(256 * width)
        if self.sums.first is NULL:
            raise MemoryError("no memory for the sums")
        self.sums.count = self.sums.first + 256

    def __dealloc__(self):
        free(self.sums.first)
        free(self.sums.values)

    def total(self):
        cdef cnp.ndarray out = np.empty(self.sums.width)
        klf_accumulator_total(&self.sums, data_of(out))
        return out
