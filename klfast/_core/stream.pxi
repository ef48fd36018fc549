# Streams: addresses of random words, not generators of them.

cdef klf_stream stream_key(Stream stream):
    return stream.key


cdef class Stream:
    """A stream of random numbers, addressed by block.

    The words of block ``b`` are a pure function of (`seed`, `stream`, ``b``): Threefry4x64 with 13
    rounds [1]_. A call that draws takes the next free blocks; nothing else is remembered, so a
    stream is saved by its three numbers and any block can be computed anywhere.

    Parameters
    ----------
    seed : int, optional
        From 0 to 2**128 - 1. By default fresh entropy from the operating system.
    stream : int, optional
        From 0 to 2**64 - 1: streams of one seed are independent.

    Raises
    ------
    TypeError, ValueError
        If `seed` or `stream` is no integer of that range.

    Notes
    -----
    A forked process inherits a copy and would draw the same numbers: give each child its own, from
    `spawn`. Calls from several threads take different blocks; which thread gets which is up to the
    scheduler.

    References
    ----------
    .. [1] Salmon, Moraes, Dror and Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3",
       SC'11, section 3.2.

    Examples
    --------
    >>> import klfast as kf
    >>> s = kf.Stream(seed=7)
    >>> a, b = s.spawn(2)
    >>> a.seed != b.seed
    True
    >>> s
    Stream(seed=7, stream=0, block=0)
    """

    def __cinit__(self, seed=None, stream=0, block=0):
        seed = fresh_seed() if seed is None else bounded_integer(seed, "seed", 2**128)
        self.key.seed[0] = seed & 0xFFFFFFFFFFFFFFFF
        self.key.seed[1] = seed >> 64
        self.key.stream = bounded_integer(stream, "stream", 2**64)
        self.next_block = bounded_integer(block, "block", 2**64)
        self.spawned = 0
        self.ended = False

    @property
    def seed(self):
        """The seed, an int below 2**128."""
        return int(self.key.seed[0]) | int(self.key.seed[1]) << 64

    @property
    def stream(self):
        """The number of the stream under its seed."""
        return int(self.key.stream)

    @property
    def block(self):
        """The next block that a draw will take."""
        return int(self.next_block)

    cdef uint64_t reserve(self, uint64_t blocks) except? 0xFFFFFFFFFFFFFFFF:
        # Under the GIL this is one step: two threads never get one block.
        cdef uint64_t first = self.next_block
        if blocks > 0 and (self.ended or blocks - 1 > 0xFFFFFFFFFFFFFFFF - first):
            raise OverflowError(f"{self!r} has fewer than {blocks} of its 2**64 blocks left")
        self.next_block = first + blocks
        self.ended = self.ended or (blocks > 0 and self.next_block == 0)
        return first

    def _reserve(self, blocks):
        """Take the next blocks; the first of them."""
        return int(self.reserve(blocks))

    def spawn(self, n):
        """`n` independent child streams; no two calls give the same ones.

        Parameters
        ----------
        n : int
            Number of children, 0 or more.

        Returns
        -------
        list of Stream
        """
        n = bounded_integer(n, "n", 2**32)
        children = []
        cdef klf_stream child
        for _ in range(n):
            klf_spawn(&self.key, KLF_CHILD_SPAWNED, self.spawned, &child)
            self.spawned += 1
            children.append(stream_of(child))
        return children

    def _for_run(self):
        """A stream for the draws of one run, which takes one block of this one: runs in several
        threads that share a stream do not disturb each other."""
        cdef klf_stream child
        klf_spawn(&self.key, KLF_CHILD_OF_RUN, self.reserve(1), &child)
        return stream_of(child)

    def words(self, block, tiles=1, first_tile=0):
        """The 64-bit words of a block: ``64 * tiles`` of them, from tile `first_tile` on."""
        cdef uint64_t b = bounded_integer(block, "block", 2**64)
        cdef uint64_t start = bounded_integer(first_tile, "first_tile", 2**58)
        cdef size_t n = bounded_integer(tiles, "tiles", 2**40)
        cdef cnp.ndarray out = new_array(n * KLF_TILE, np.uint64)
        level.words(self.key, b, start, n, <uint64_t *>cnp.PyArray_DATA(out))
        return out

    def __reduce__(self):
        return rebuild_stream, (self.seed, self.stream, self.block, self.spawned, self.ended)

    def __eq__(self, other):
        if not isinstance(other, Stream):
            return NotImplemented
        return self.__reduce__() == other.__reduce__()

    __hash__ = None

    def __repr__(self):
        block = "at its end" if self.ended else f"block={self.block}"
        return f"Stream(seed={self.seed}, stream={self.stream}, {block})"


cdef stream_of(klf_stream key):
    return Stream(int(key.seed[0]) | int(key.seed[1]) << 64, key.stream)


def rebuild_stream(seed, stream, block, spawned, ended):
    """A stream as it was when pickled."""
    cdef Stream made = Stream(seed, stream, block)
    made.spawned = spawned
    made.ended = ended
    return made


def fresh_seed():
    """128 bits of the operating system's entropy."""
    return int.from_bytes(os.urandom(16), "little")


def bounded_integer(value, name, bound):
    """`value` as an int with 0 <= value < bound."""
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}={value!r}: must be an integer, not a bool")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}={value!r}: must be an integer") from None
    if not 0 <= number < bound:
        raise ValueError(f"{name}={value!r}: must be from 0 to {bound - 1}")
    return number


def as_stream(rng):
    """What users pass as ``rng=`` as a Stream.

    An int is a seed; None draws fresh entropy; a SeedSequence gives its first 128 bits; a numpy
    Generator or BitGenerator is advanced by two 64-bit draws; a Stream is used as it is.
    """
    if isinstance(rng, Stream):
        return rng
    if rng is None:
        return Stream()
    if isinstance(rng, np.random.SeedSequence):
        low, high = rng.generate_state(2, np.uint64).tolist()
        return Stream(low | high << 64)
    if isinstance(rng, np.random.BitGenerator):
        rng = np.random.Generator(rng)
    if isinstance(rng, np.random.Generator):
        low, high = rng.integers(0, 2**64, size=2, dtype=np.uint64).tolist()
        return Stream(low | high << 64)
    try:
        return Stream(rng)
    except TypeError:
        raise TypeError(
            f"rng={rng!r}: must be an int, None, a SeedSequence, a numpy Generator or a Stream"
        ) from None
    except ValueError as error:
        raise ValueError(f"rng: {error}") from None
