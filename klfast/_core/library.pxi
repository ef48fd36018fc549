# The level in use, and the C functions that serve tests and `klfast info`.

cdef const klf_level *open_library() except NULL:
    cdef const char *message = NULL
    cdef const klf_level *found = klf_library(&message)
    if found is NULL:
        raise ValueError(
            f"environment variable KLFAST_ISA={os.environ.get('KLFAST_ISA')!r} "
            f"{message.decode()}; this machine has {', '.join(available_levels())}"
        )
    return found


def available_levels():
    """Names of the instruction-set levels that this build and processor have, lowest first."""
    cdef const klf_level *levels[4]
    cdef size_t n = klf_levels(levels)
    return [levels[i].name.decode() for i in range(n)]


level = open_library()

BLOCK = KLF_BLOCK
TILE = KLF_TILE


def level_name():
    """Name of the level in use."""
    return level.name.decode()


def compiler():
    """Name and version of the compiler that built the C library."""
    return klf_compiler().decode()


def family_names():
    """C names of the registered families, in order."""
    names = []
    cdef size_t i = 0
    while level.families[i] is not NULL:
        names.append(level.families[i].name.decode())
        i += 1
    return names


def vector_function_names():
    """Names of the vector functions that `vector_function` applies."""
    names = []
    cdef size_t i = 0
    while level.vector_functions[i].name is not NULL:
        names.append(level.vector_functions[i].name.decode())
        i += 1
    return names


VECTOR_FUNCTIONS = {name: i for i, name in enumerate(vector_function_names())}


def vector_function(name, x):
    """Apply the library's own mathematical function `name` to each element of `x`."""
    cdef cnp.ndarray values = np.ascontiguousarray(x, dtype=np.float64)
    cdef cnp.ndarray out = np.empty_like(values)
    if name not in VECTOR_FUNCTIONS:
        raise ValueError(f"name={name!r}: must be one of {', '.join(VECTOR_FUNCTIONS)}")
    cdef size_t i = VECTOR_FUNCTIONS[name]
    level.vector_functions[i].apply(<size_t>values.size, data_of(values), data_of(out))
    return out


def threefry4x64(rounds, key, counter):
    """One evaluation of the published generator: four words."""
    cdef uint64_t k[4]
    cdef uint64_t c[4]
    cdef uint64_t out[4]
    for i in range(4):
        k[i] = key[i]
        c[i] = counter[i]
    klf_threefry4x64(rounds, k, c, out)
    return [out[i] for i in range(4)]
