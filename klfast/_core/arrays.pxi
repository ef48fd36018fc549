# Conversion of what users pass into arrays of doubles, with errors that name the argument.

cdef inline bint is_float64(value):
    """Whether `value` is an aligned native float64 array, of no subclass."""
    return cnp.PyArray_CheckExact(value) and cnp.PyArray_TYPE(value) == cnp.NPY_DOUBLE \
        and cnp.PyArray_ISBEHAVED_RO(value)


def as_float64(value, name):
    """`value` as an aligned native float64 array of any strides; counts and small floats convert.

    Raises
    ------
    TypeError
        For masked arrays and dtypes that do not stand for real numbers.
    """
    if is_float64(value):
        return value
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array: fill or compress it first")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise TypeError(f"{name} cannot be read as an array of real numbers: {error}") from None
    if is_float64(array):
        return array
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{name} has dtype {array.dtype}: it must be made of real numbers "
            "(float, integer or bool)"
        )
    return np.require(array, dtype=np.float64, requirements="A")


def as_rows(value, name, width):
    """`value` as a C-contiguous float64 array: (n,) for scalar events, else (n, width)."""
    array = as_float64(value, name)
    if width is None:
        if array.ndim != 1:
            raise ValueError(f"{name} has shape {array.shape}: it must have shape (n,)")
    elif array.ndim != 2 or array.shape[1] != width:
        raise ValueError(f"{name} has shape {array.shape}: it must have shape (n, {width})")
    return np.ascontiguousarray(array)


def check_out(out, shape, dtypes, name="out"):
    """Refuse an `out` that cannot take the result as it is."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"{name} is {type(out).__name__}: it must be a numpy.ndarray")
    if out.dtype not in dtypes or not out.dtype.isnative:
        wanted = " or ".join(np.dtype(d).name for d in dtypes)
        raise TypeError(f"{name} has dtype {out.dtype}: it must be native {wanted}")
    if out.shape != shape:
        raise ValueError(f"{name} has shape {out.shape}: it must have shape {shape}")
    if not out.flags.writeable:
        raise ValueError(f"{name} is read-only")


def new_array(shape, dtype=np.float64):
    """`numpy.empty`, with MemoryError for every size that does not fit."""
    try:
        return np.empty(shape, dtype=dtype)
    except ValueError as error:
        raise MemoryError(f"an array of shape {shape} is too large: {error}") from None


cdef inline double *data_of(cnp.ndarray array) noexcept:
    return <double *>cnp.PyArray_DATA(array)


cdef extern from *:
    """
    #include <stdlib.h>
    /* Scratch begins at a cache line, so that vectors of 64 bytes do not straddle two. */
    static double *klf_new_lines(size_t lines)
    {
    #if defined(_WIN32)
        return (double *)malloc(64 * lines);
    #else
        void *memory = NULL;
        return posix_memalign(&memory, 64, 64 * lines) == 0 ? (double *)memory : NULL;
    #endif
    }
    """
    double *klf_new_lines(size_t lines) nogil


cdef inline double *new_doubles(size_t count) except NULL:
    # one line more, so that an empty request is a valid pointer too
    cdef double *memory = klf_new_lines(count // 8 + 2)
    if memory is NULL:
        raise MemoryError(f"no memory for {count} doubles")
    return memory
