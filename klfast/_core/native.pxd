# The C library's declarations, word for word those of klfast.h.
from libc.stdint cimport int64_t, uint64_t


cdef extern from "klfast/klfast.h" nogil:
    enum:
        KLF_BLOCK
        KLF_ROW
        KLF_TILE
        KLF_NETS
        KLF_NET_DIMENSIONS

    ctypedef enum klf_status:
        KLF_OK
        KLF_E_DOMAIN
        KLF_E_SUPPORT
        KLF_E_NO_MAXIMUM
        KLF_E_CAPACITY
        KLF_E_STREAM_END

    ctypedef struct klf_violation:
        size_t parameter
        size_t element
        const char *rule

    ctypedef struct klf_stream:
        uint64_t seed[2]
        uint64_t stream

    ctypedef enum klf_parameter_shape:
        KLF_SCALAR
        KLF_VECTOR
        KLF_MATRIX

    ctypedef enum klf_domain:
        KLF_REAL

    ctypedef struct klf_parameter:
        const char *name
        klf_parameter_shape shape
        klf_domain domain
        int is_fixed

    ctypedef struct klf_sizes:
        size_t parameters
        size_t fitted
        size_t coordinates
        size_t constants
        size_t table
        size_t work
        size_t event

    ctypedef enum klf_coordinates:
        KLF_PARAMETERS
        KLF_NATURAL
        KLF_UNCONSTRAINED

    ctypedef enum klf_support:
        KLF_SUPPORT_LINE
        KLF_SUPPORT_HALF_LINE
        KLF_SUPPORT_TWO_HALF_LINES
        KLF_SUPPORT_UNIT_INTERVAL
        KLF_SUPPORT_CIRCLE
        KLF_SUPPORT_INTEGERS
        KLF_SUPPORT_SPACE

    ctypedef struct klf_family:
        const char *name
        int is_integer
        int is_vector
        klf_support support
        const klf_parameter *origin
        const char *data_rule
        const char *no_maximum
        const char *natural_rule
        const char *mean_rule
        size_t n_parameters
        const klf_parameter *parameters
        void (*sizes)(size_t d, klf_sizes *sizes) noexcept nogil
        klf_status (*check)(size_t d, const double *theta, klf_violation *violation,
                            double *work) noexcept nogil
        void (*normalise)(size_t d, double *theta) noexcept nogil
        int (*is_interior)(size_t d, const double *theta) noexcept nogil
        void (*prepare)(size_t d, const double *theta, double *constants) noexcept nogil
        void (*prepare_sampler)(size_t d, const double *theta, double *table) noexcept nogil
        void (*sample)(size_t d, const double *constants, const double *table, klf_stream stream,
                       uint64_t block, size_t n, double *x, double *work) noexcept nogil
        void (*log_density)(size_t d, const double *constants, size_t n, const double *x,
                            double *log_p, double *work) noexcept nogil
        void (*score)(size_t d, const double *constants, size_t n, const double *x, double *log_p,
                      double *score, double *work) noexcept nogil
        void (*log_density_each)(size_t n, const double *const *parameters, const double *x,
                                 double *log_p) noexcept nogil
        void (*score_each)(size_t n, const double *const *parameters, const double *x,
                           klf_coordinates coordinates, double *score) noexcept nogil
        void (*sample_each)(size_t n, const double *const *parameters, klf_stream stream,
                            uint64_t block, double *x) noexcept nogil
        void (*from_words)(size_t d, const double *constants, size_t n, const uint64_t *words,
                           double *x, double *work) noexcept nogil
        void (*statistics)(size_t d, const double *theta, size_t n, const double *x,
                           double *statistics) noexcept nogil
        void (*log_base_measure)(size_t d, const double *theta, size_t n, const double *x,
                                 double *log_h) noexcept nogil
        double (*log_partition)(size_t d, const double *theta, double *work) noexcept nogil
        void (*to_natural)(size_t d, const double *theta, double *eta) noexcept nogil
        klf_status (*from_natural)(size_t d, const double *eta, double *theta) noexcept nogil
        void (*to_mean)(size_t d, const double *theta, double *mu) noexcept nogil
        klf_status (*from_mean)(size_t d, const double *mu, double *theta) noexcept nogil
        void (*to_unconstrained)(size_t d, const double *theta, double *u) noexcept nogil
        klf_status (*from_unconstrained)(size_t d, const double *u, double *theta) noexcept nogil
        double (*entropy)(size_t d, const double *theta, double *work) noexcept nogil
        double (*kl)(size_t d, const double *theta_p, const double *theta_q,
                     double *work) noexcept nogil
        void (*mean_variance)(size_t d, const double *theta, double *mean,
                              double *variance) noexcept nogil
        int (*fits_integers)(size_t members, const double *theta) noexcept nogil
        void (*map_score)(size_t d, const double *theta, const double *constants,
                          klf_coordinates coordinates, const double *score, double *out,
                          double *work) noexcept nogil
        void (*whiten)(size_t d, const double *constants, size_t n, const double *x,
                       const double *gradient, double *rows, double *work) noexcept nogil
        size_t (*check_data)(size_t d, const double *theta, size_t n,
                             const double *x) noexcept nogil
        void (*reference)(size_t d, size_t n, const double *x, const double *weights,
                          double *theta) noexcept nogil
        klf_status (*fit)(size_t d, const double *theta_reference, const double *constants,
                          const double *mean_score, double *theta, double *work) noexcept nogil

    ctypedef struct klf_component:
        const klf_family *family
        const double *constants
        double log_weight

    ctypedef struct klf_target:
        void (*log_density)(const klf_target *target, size_t n, const double *x, double *log_q,
                            double *work) noexcept nogil
        size_t d
        size_t work
        size_t n_components
        const klf_component *components
        void *context

    ctypedef enum klf_moments_kind:
        KLF_MOMENTS_SCORE
        KLF_MOMENTS_GRADIENT
        KLF_MOMENTS_PRODUCTS
        KLF_MOMENTS_FULL

    size_t klf_moments_size(klf_moments_kind kind, size_t k)

    ctypedef struct klf_accumulator:
        size_t width
        size_t capacity
        size_t used
        uint64_t *first
        uint64_t *count
        double *values

    klf_status klf_accumulator_add(klf_accumulator *accumulator, uint64_t block,
                                   const double *values)
    klf_status klf_accumulator_merge(klf_accumulator *into, const klf_accumulator *source)
    void klf_accumulator_total(const klf_accumulator *accumulator, double *values)

    ctypedef enum klf_method:
        KLF_METHOD_NATURAL
        KLF_METHOD_SCORE
        KLF_METHOD_NODES
        KLF_METHOD_POOLED
        KLF_METHOD_STEIN
        KLF_METHOD_LIKELIHOOD

    ctypedef enum klf_step_rule:
        KLF_STEP_CONSTANT
        KLF_STEP_DECAYING
        KLF_STEP_MOMENTUM
        KLF_STEP_ADAM

    ctypedef enum klf_baseline:
        KLF_BASELINE_NONE
        KLF_BASELINE_LEAVE_ONE_OUT
        KLF_BASELINE_PER_COORDINATE

    enum:
        KLF_LARGEST_FULL

    ctypedef enum klf_run_status:
        KLF_RUN_GOING
        KLF_RUN_EXACT
        KLF_RUN_CONVERGED
        KLF_RUN_NOISE_FLOOR
        KLF_RUN_BUDGET
        KLF_RUN_SUPPORT
        KLF_RUN_TARGET_NAN
        KLF_RUN_TARGET_INFINITE
        KLF_RUN_DIVERGED

    enum:
        KLF_ROW_COLUMNS

    ctypedef struct klf_reverse:
        const klf_level *level
        const klf_family *family
        const klf_target *target
        klf_stream stream
        size_t d
        klf_sizes sizes
        klf_method method
        klf_step_rule step_rule
        klf_baseline baseline
        int restricted
        int quasi_random
        double log_mass
        double log_mass_error
        double step_size
        double tolerance
        uint64_t samples
        uint64_t max_samples
        uint64_t max_steps
        uint64_t max_evaluations
        klf_run_status status
        uint64_t next_block
        uint64_t steps
        uint64_t evaluations
        uint64_t bad_block
        uint64_t bad_index
        int quiet
        double kl
        double kl_error
        double gain
        double gain_error
        double explained
        double variance
        double noise
        double draws
        double *theta
        double *constants
        double *table
        double *moments
        double *nets
        double *work
        klf_accumulator sums

    void klf_reverse_memory(const klf_reverse *run, size_t *doubles, size_t *integers)
    void klf_reverse_begin(klf_reverse *run, const double *theta, double *doubles,
                           uint64_t *integers)
    klf_moments_kind klf_reverse_kind(const klf_reverse *run)
    size_t klf_reverse_work(const klf_reverse *run)
    klf_run_status klf_reverse_block(const klf_reverse *run, uint64_t block, size_t n,
                                     double *moments, double *work, uint64_t *bad_index)
    klf_run_status klf_reverse_block_given(const klf_reverse *run, size_t n, const double *x,
                                           const double *log_q, const double *weights,
                                           double *moments, double *work, uint64_t *bad_index)
    void klf_reverse_draw_net(const klf_reverse *run, uint64_t net, uint64_t points,
                              uint64_t first, size_t n, double *x, double *work)
    klf_run_status klf_reverse_net(const klf_reverse *run, uint64_t net, uint64_t points,
                                   klf_accumulator *sums, double *moments, double *work,
                                   uint64_t *bad_index)
    uint64_t klf_reverse_whole(const klf_reverse *run, uint64_t n)
    size_t klf_reverse_probe_samples(const klf_reverse *run)
    int klf_reverse_probe(klf_reverse *run, size_t n, const double *x, const double *log_q,
                          double *work)
    size_t klf_reverse_probe_work(const klf_reverse *run, size_t n)
    int klf_reverse_undo_landing(klf_reverse *run)
    size_t klf_reverse_saved(const klf_reverse *run)
    void klf_reverse_save(const klf_reverse *run, double *saved)
    void klf_reverse_restore(klf_reverse *run, const double *saved)
    void klf_reverse_update(klf_reverse *run, const double *moments)
    void klf_reverse_update_nets(klf_reverse *run, const double *nets)
    void klf_reverse_update_nodes(klf_reverse *run, const double *moments, const double *coarse)
    size_t klf_stein_width(const klf_reverse *run)
    size_t klf_stein_residual_width()
    size_t klf_stein_work(const klf_reverse *run)
    klf_run_status klf_stein_block(const klf_reverse *run, size_t n, const double *x,
                                   const double *log_q, const double *gradient,
                                   const double *weights, double *moments, double *work)
    int klf_stein_direction(klf_reverse *run, const double *moments, double *work)
    klf_run_status klf_stein_residual_block(const klf_reverse *run, size_t n, const double *x,
                                            const double *log_q, const double *gradient,
                                            const double *weights, double *moments, double *work)
    void klf_reverse_update_stein(klf_reverse *run, const double *moments, int informative)
    int klf_stein_probe(klf_reverse *run, size_t n, const double *x, const double *log_q,
                        const double *gradient, double *work)
    uint64_t klf_likelihood_run(klf_reverse *run, size_t n, const double *x,
                                const double *weights, uint64_t steps, double *history)
    uint64_t klf_reverse_run(klf_reverse *run, uint64_t steps, double *history)
    void klf_reverse_row(const klf_reverse *run, double *row)

    ctypedef struct klf_vector_function:
        const char *name
        void (*apply)(size_t n, const double *x, double *out) noexcept nogil

    ctypedef struct klf_level:
        const char *name
        const klf_family *const *families
        const klf_vector_function *vector_functions
        void (*words)(klf_stream stream, uint64_t block, uint64_t first_tile, size_t tiles,
                      uint64_t *words) noexcept nogil
        void (*net)(const klf_stream *stream, uint64_t net, size_t dimensions, size_t log2_points,
                    uint64_t first, size_t n, uint64_t *words) noexcept nogil
        void (*block_moments)(klf_moments_kind kind, size_t k, size_t n, const double *score,
                              const double *log_ratio, const double *weights, double *moments,
                              double *work) noexcept nogil
        void (*mixture)(const klf_target *target, size_t n, const double *x, double *log_q,
                        double *work) noexcept nogil
        void (*to_integers)(size_t n, const double *x, int64_t *integers) noexcept nogil
        const klf_family *product
        void (*product_sizes)(const double *theta, klf_sizes *sizes) noexcept nogil

    const char *klf_compiler()
    const klf_level *klf_library(const char **message)
    size_t klf_levels(const klf_level **levels)
    const klf_family *klf_find_family(const klf_level *level, const char *name)
    void klf_score_moments(const klf_level *level, const klf_family *family, size_t d, size_t k,
                           const double *constants, size_t n, const double *x,
                           const double *weights, double *moments, double *score, double *pair,
                           double *work) noexcept nogil
    size_t klf_fit_memory(const klf_family *family, size_t d, size_t n)
    klf_status klf_fit(const klf_level *level, const klf_family *family, size_t d, size_t n,
                       const double *x, const double *weights, double *theta, double *memory)
    const char *klf_broken_rule(klf_domain domain, double value)
    void klf_threefry4x64(int rounds, const uint64_t *key, const uint64_t *counter, uint64_t *out)
    ctypedef enum klf_child_kind:
        KLF_CHILD_SPAWNED
        KLF_CHILD_OF_RUN

    void klf_spawn(const klf_stream *parent, klf_child_kind kind, uint64_t index,
                   klf_stream *child)


cdef const klf_level *level
cdef klf_stream stream_key(Stream stream)


cdef class Stream:
    cdef klf_stream key
    cdef uint64_t next_block
    cdef uint64_t spawned
    cdef bint ended

    cdef uint64_t reserve(self, uint64_t blocks) except? 0xFFFFFFFFFFFFFFFF


cdef class Parameters:
    cdef const klf_family *family
    cdef size_t d
    cdef klf_sizes sizes
    cdef tuple batch
    cdef Py_ssize_t members
    cdef double *theta
    cdef double *constants
    cdef double *table
    cdef bint table_ready
    cdef bint fits_integers

    cdef void made(self) except *
    cdef object column(self, size_t i)
    cdef void set_arrays(self, tuple values) except *
    cdef void fill_column(self, size_t i, array) except *
    cdef void own(self, size_t d, tuple batch) except *
    cdef void validate(self) except *


cdef class Density(Parameters):
    cdef size_t score_scratch(self) noexcept
    cdef void score_rows(self, const double *theta, const double *constants, klf_coordinates code,
                         size_t n, const double *x, double *rows, double *scratch) noexcept nogil


cdef class Distribution(Density):
    cdef void prepare_table(self) except *


cdef class Target:
    cdef klf_target target
    cdef klf_component *components
    cdef object keep
