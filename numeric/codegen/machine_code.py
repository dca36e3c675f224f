"""Machine code of generated kernels: compiled once by numba, kept as an object file, loaded by llvmlite alone.

Loading an object needs neither numba nor a compiler, so a kernel from the cache is there in hundredths of a second.
The object's name carries a digest of the generated source, the run-time modules it uses, the versions of the
toolchain, and the processor with its features; anything else is another file.
"""

from __future__ import annotations

import ctypes
import hashlib
import platform
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from ...symbolic.algebra.errors import CodegenError
from .cache import cache_folder, cache_key, keep_bytes

_ENTRY = "edgestab_kernel"
_MAGIC = b"edgestab-object-1 "
_LOCK = Lock()
_LOADED: dict[str, Any] = {}


def _machine(processor: tuple[str, str] | None = None) -> Any:
    """A new target machine; an execution engine takes its machine over, so none is shared."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = processor or _processor()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=cpu, features=features, opt=3, reloc="pic", codemodel="jitdefault", jit=True
    )


@lru_cache(maxsize=1)
def _processor() -> tuple[str, str]:
    """Name and features of this processor."""
    import llvmlite.binding as llvm

    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def load_function(text: str, name: str, pointers: int, integers: int, doubles: int = 0) -> Callable[..., None]:
    """The compiled function of a generated module, callable without the GIL.

    Args:
        text: Python source that defines the function in numba's language, with arguments in the order pointers to
            float64, 64-bit integers, doubles. It must not allocate or raise.
        name: the function.
        pointers: number of pointer arguments; pass NumPy arrays' ``ctypes.data``.
        integers: number of integer arguments.
        doubles: number of double arguments.

    Returns:
        The function; it returns nothing.

    Raises:
        CodegenError: the source does not compile to free-standing code.
    """
    signature = f"{name} {pointers} {integers} {doubles}"
    key = hashlib.sha256(f"{cache_key(text)} {signature} {_processor()} {platform.machine()}".encode()).hexdigest()
    folder = cache_folder()
    where = f"{folder}/{key}"
    with _LOCK:
        if where not in _LOADED:
            path = folder / f"kernel_{key[:32]}.o"
            code = _read(path, key)
            if code is None:
                code = _compile(text, name, pointers, integers, doubles)
                keep_bytes(path, _MAGIC + key.encode() + hashlib.sha256(code).digest() + code)
            _LOADED[where] = _link(code)
        _, address = _LOADED[where]
    kinds = [ctypes.c_void_p] * pointers + [ctypes.c_int64] * integers + [ctypes.c_double] * doubles
    return ctypes.CFUNCTYPE(None, *kinds)(address)


def _read(path: Path, key: str) -> bytes | None:
    """The object code of a cache file, or None when it is absent, of another key, or damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    head = _MAGIC + key.encode()
    digest, code = content[len(head) : len(head) + 32], content[len(head) + 32 :]
    return code if content.startswith(head) and hashlib.sha256(code).digest() == digest else None


def assembly(text: str, name: str, pointers: int, integers: int, doubles: int = 0, processor: str = "") -> str:
    """The assembler of a generated function, to see what the lanes became.

    Args:
        text: as for :func:`load_function`.
        name: the function.
        pointers: number of pointer arguments.
        integers: number of integer arguments.
        doubles: number of double arguments.
        processor: LLVM's name of a processor of this architecture; default this one.

    Returns:
        Assembler text.
    """
    machine = _machine((processor, "") if processor else None)
    listing: str = machine.emit_assembly(_module(text, name, pointers, integers, doubles))
    return listing


def _compile(text: str, name: str, pointers: int, integers: int, doubles: int) -> bytes:
    """Through numba to optimised LLVM code, and through LLVM to an object file."""
    code: bytes = _machine().emit_object(_module(text, name, pointers, integers, doubles))
    return code


def _module(text: str, name: str, pointers: int, integers: int, doubles: int) -> Any:
    """The optimised LLVM module of a generated function, its entry renamed."""
    import llvmlite.binding as llvm
    from numba import cfunc, types

    space: dict[str, Any] = {"__name__": "edgestab_generated"}
    exec(compile(text, "<edgestab kernel>", "exec"), space)
    arguments = [types.CPointer(types.float64)] * pointers + [types.int64] * integers + [types.float64] * doubles
    compiled = cfunc(types.void(*arguments), error_model="numpy")(space[name])
    # numba's wrapper is renamed, so that the address can be found in a later process
    lowered = compiled.inspect_llvm().replace(compiled.native_name, _ENTRY)
    free = {s for s in re.findall(r"^declare .*?@\"?([^\"(]+)\"?\(", lowered, flags=re.M) if not s.startswith("llvm.")}
    if free:
        raise CodegenError.of(
            "load_function()", "free-standing code", ", ".join(sorted(free)), "Do not allocate or raise."
        )
    module = llvm.parse_assembly(lowered)
    module.verify()
    return module


def _link(code: bytes) -> tuple[Any, int]:
    """Load object code into this process; the engine must be kept alive."""
    import llvmlite.binding as llvm

    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    address = engine.get_function_address(_ENTRY)
    if not address:
        raise CodegenError.of("load_function()", f"the symbol {_ENTRY}", "none", "Empty the kernel cache.")
    return engine, address
