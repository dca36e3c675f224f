"""Data sets, and what is said about files that are missing, damaged or of another kind."""

import sys
from pathlib import Path

import numpy as np
import pytest

import edgestab as es
from edgestab.numeric.networks.data import cifar


def test_chebyshev_data() -> None:
    x, y = es.networks.chebyshev_data(3, 9)
    assert y == pytest.approx(4 * x**3 - 3 * x)
    with pytest.raises(es.DomainError, match="degree"):
        es.networks.chebyshev_data(0)


def test_digits_data() -> None:
    pytest.importorskip("sklearn", reason="needs the extra [digits]")
    x, y = es.networks.digits_data(30, 1)
    assert (x.shape, y.shape) == ((30, 64), (30, 10))
    assert np.mean(x**2) == pytest.approx(1)
    assert (y.sum(axis=1) == 1).all()
    with pytest.raises(es.DomainError, match="examples"):
        es.networks.digits_data(10**6)


def test_missing_scikit_learn_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(es.DomainError, match=r"edgestab\[digits\]"):
        es.networks.digits_data(5)


def test_archives_of_the_user(tmp_path: Path) -> None:
    path = tmp_path / "own.npz"
    rng = np.random.default_rng(0)
    images, values = rng.standard_normal((4, 2, 3)), rng.standard_normal(4)
    np.savez(path, inputs=images, targets=values)
    x, y = es.networks.npz_data(path)
    np.testing.assert_array_equal(x, images.reshape(4, 6))
    np.testing.assert_array_equal(y, values[:, None])
    np.savez(path, x=images.astype("f4"), y=np.array([2, 0, 1, 2]))
    x, y = es.networks.npz_data(path, examples=2)
    assert x.dtype == np.float64
    np.testing.assert_array_equal(y, [[0, 0, 1], [1, 0, 0]])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": np.ones(3)}, "arrays inputs and targets, or x and y; got a"),
        ({"x": np.ones((3, 2)), "y": np.ones(4)}, r"\(3, 2\) and \(4,\)"),
        ({"x": np.ones((3, 2)), "y": np.array([1.0, np.nan, 1])}, "finite data"),
        ({"x": np.ones((3, 2)), "y": np.array([0, -1, 1])}, "labels 0 to 1; got -1 to 1"),
        ({"x": np.array([{}, {}], object), "y": np.ones(2)}, "an .npz file of numbers"),
        ({"x": np.array(["a", "b"]), "y": np.ones(2)}, "real numbers"),
    ],
)
def test_archives_that_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    path = tmp_path / "own.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    with pytest.raises(es.DomainError, match=message):
        es.networks.npz_data(path)


def test_files_that_are_no_archives(tmp_path: Path) -> None:
    with pytest.raises(es.DomainError, match="no file gone.npz"):
        es.networks.npz_data(tmp_path / "gone.npz")
    for content in (b"", b"no archive", b"PK\x03\x04 cut"):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(es.DomainError, match="an .npz file of numbers"):
            es.networks.npz_data(tmp_path / "bad.npz")
    np.save(tmp_path / "one.npy", np.ones(3))
    with pytest.raises(es.DomainError, match="an .npz file of numbers"):
        es.networks.npz_data(tmp_path / "one.npy")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of the binary version with 12 images each instead of 10,000."""
    monkeypatch.setattr(cifar, "IMAGES", 12)
    rng = np.random.default_rng(3)
    for name in cifar.TRAINING:
        records = rng.integers(0, 256, (12, cifar.RECORD), dtype=np.uint8)
        records[:, 0] = rng.integers(0, 10, 12)
        records[:, 7] = 5
        records.tofile(tmp_path / name)
    return tmp_path


def test_cifar_is_read_and_prepared_over_the_whole_training_set(folder: Path) -> None:
    records = np.concatenate([np.fromfile(folder / n, np.uint8).reshape(-1, 3073) for n in cifar.TRAINING])
    pixels = records[:, 1:] / 255
    spread = pixels.std(axis=0)
    spread[6] = 1
    x, y = es.networks.cifar_data(folder, examples=30)
    np.testing.assert_allclose(x, ((pixels - pixels.mean(axis=0)) / spread)[:30], atol=1e-12)
    np.testing.assert_array_equal(np.argmax(y, axis=1), records[:30, 0])
    assert np.count_nonzero(x[:, 6]) == 0
    with pytest.raises(es.DomainError, match="1 to 60 examples"):
        es.networks.cifar_data(folder, examples=61)


def test_damaged_cifar_files_say_what_is_expected_where(folder: Path) -> None:
    third = folder / "data_batch_3.bin"
    whole = third.read_bytes()
    third.write_bytes(whole[:-1])
    with pytest.raises(es.DomainError, match=r"12 records of 3073 bytes, 36,876; got data_batch_3.bin of 36,875 bytes"):
        es.networks.cifar_data(folder, 5)
    third.write_bytes(whole[: 2 * 3073] + b"\x0c" + whole[2 * 3073 + 1 :])
    with pytest.raises(es.DomainError, match="label 12 in record 2 of data_batch_3.bin"):
        es.networks.cifar_data(folder, 5)
    third.unlink()
    with pytest.raises(es.DomainError, match=r"data_batch_3.bin beside the others.*cifar-10-binary.tar.gz"):
        es.networks.cifar_data(folder, 5)
