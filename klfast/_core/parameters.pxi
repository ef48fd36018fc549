# What a distribution is: its parameters, taken in from any coordinates and checked.

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


cdef class Parameters:
    """The parameters of a distribution, or of a batch, of one family."""

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
        if self.family.sizes is NULL:
            level.product_sizes(data_of(type(self)._structure), &self.sizes)
        else:
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
        if made.family is NULL:
            made.family = level.product
        made.own(d, tuple(batch))
        memcpy(made.theta, data_of(flat), <size_t>flat.size * sizeof(double))
        made.validate()
        return made

    @classmethod
    def _from_coordinates(cls, values, str kind, dict fixed):
        cdef const klf_family *family = klf_find_family(level, cls._family.encode())
        cdef klf_sizes sizes
        cdef klf_status status
        cdef klf_violation ignored
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
        cdef double *work = new_doubles(sizes.work)
        try:
            for m in range(members):
                if kind == "natural":
                    status = family.from_natural(d, source + m * k, out + m * sizes.parameters)
                elif kind == "mean":
                    status = family.from_mean(d, source + m * k, out + m * sizes.parameters)
                else:
                    status = family.from_unconstrained(d, source + m * k,
                                                       out + m * sizes.parameters)
                if status != KLF_OK or family.check(d, out + m * sizes.parameters, &ignored,
                                                    work) != KLF_OK:
                    raise ValueError(cls._coordinate_message(kind, array.reshape(members, k)[m],
                                                             np.unravel_index(m, batch)))
        finally:
            free(work)
        return cls._from_theta(theta, batch, d)

    @classmethod
    def _coordinate_message(cls, str kind, row, index):
        symbol, rule = cls._coordinate_rule(kind)
        where = f"[{', '.join(map(str, index))}]" if index else ""
        return (f"{cls.__name__}: {symbol}{where} = {parameter_text(row)}: {symbol} {rule}, and "
                "lead to parameters that doubles hold")

    @classmethod
    def from_natural(cls, eta, **fixed):
        """The member with natural parameters `eta`, of shape batch + (k,).

        The family's fixed parameters, if it has any, follow by keyword and broadcast with the
        batch.

        Raises
        ------
        ValueError
            If some `eta` is outside the natural domain; the message gives its index and the rule.
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
    def _coordinate_rule(cls, str kind):
        """The letter of natural, mean or unconstrained coordinates, and what they must be."""
        cdef const klf_family *family = klf_find_family(level, cls._family.encode())
        if kind == "natural":
            return "eta", family.natural_rule.decode()
        if kind == "mean":
            return "mu", family.mean_rule.decode()
        return "u", "must be finite"

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
        names = self._fixed_names()
        found = self.parameters if names else {}
        return {name: found[name] for name in names}

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


def parameter_text(value):
    """A parameter as an expression that gives it back; long arrays are cut short."""
    if isinstance(value, float):
        return repr(value)
    return repr(value.tolist()) if value.size <= 1000 else np.array2string(value, separator=", ")


def rebuild_distribution(cls, theta, batch, d):
    """A distribution as it was when pickled."""
    return cls._from_theta(theta, batch, d)
