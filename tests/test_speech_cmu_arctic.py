import hashlib
import http.server
import io
import re
import tarfile
import threading
import time

import numpy as np
import pytest
import soundfile

from acoustics.speech import cmu_arctic, open_corpus
from acoustics.speech.cmu_arctic import SPEAKERS, download_cmu_arctic, open_cmu_arctic
from running.errors import InputError

FS_HZ = 16000
PROMPTS = ("arctic_a0001", "arctic_a0002", "arctic_b0001")


def recording(number):
    file = io.BytesIO()
    soundfile.write(file, 0.1 * np.random.default_rng(number).standard_normal(6000), FS_HZ, format="WAV")
    return file.getvalue()


def archive(speaker, extra=()):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:bz2") as packed:
        members = [(f"cmu_us_{speaker}_arctic/wav/{prompt}.wav", recording(n)) for n, prompt in enumerate(PROMPTS)]
        for name, content in [*members, (f"cmu_us_{speaker}_arctic/README", b"text"), *extra]:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
    return file.getvalue()


class Server(http.server.ThreadingHTTPServer):
    """Serves archives, can break off in the middle for a while, and remembers what it was asked for."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.archives = {f"/packed/cmu_us_{speaker}_arctic.tar.bz2": archive(speaker) for speaker in ("aew", "ahw")}
        self.breaks = 0
        self.tells_length = True
        self.asked = []
        self.page = f"http://127.0.0.1:{self.server_port}/"

    def digests(self):
        return {path[15:18]: hashlib.sha256(content).hexdigest() for path, content in self.archives.items()}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path[15:18])
        content = self.server.archives.get(self.path)
        if content is None:
            return self.send_error(404)
        self.send_response(200)
        if self.server.tells_length:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.server.breaks -= 1
        self.wfile.write(content[:5000] if self.server.breaks >= 0 else content)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # between two tries
    with Server() as server:
        monkeypatch.setattr(cmu_arctic, "SPEAKERS", server.digests())
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def left_behind(directory):
    return {path.name for path in directory.iterdir()} - {".lock"}


WHOLE = {"cmu_us_aew_arctic", "cmu_us_ahw_arctic"}


def test_downloaded_speakers_are_ordered_by_prompt_then_speaker(server, tmp_path):
    download_cmu_arctic(tmp_path / "speech", server.page)
    corpus = open_cmu_arctic(tmp_path / "speech", min_samples=5120)
    assert [u.id for u in corpus.utterances()] == [f"{prompt}/{who}" for prompt in PROMPTS for who in ("aew", "ahw")]
    assert [u.speaker for u in corpus.utterances()] == ["aew", "ahw"] * 3
    assert all(len(corpus.load(u, FS_HZ)) == 6000 for u in corpus.utterances())
    assert not corpus.note
    assert left_behind(tmp_path / "speech") == WHOLE


def test_what_is_there_is_not_downloaded_again(server, tmp_path):
    download_cmu_arctic(tmp_path, server.page)
    download_cmu_arctic(tmp_path, server.page)
    assert server.asked == ["aew", "ahw"]


@pytest.mark.parametrize("tells_length", [True, False])
def test_a_download_that_breaks_off_is_tried_again(server, tmp_path, tells_length):
    server.breaks, server.tells_length = 2, tells_length
    download_cmu_arctic(tmp_path, server.page)
    assert server.asked == ["aew", "aew", "aew", "ahw"]
    assert left_behind(tmp_path) == WHOLE


def test_what_an_earlier_attempt_has_left_is_kept(server, tmp_path):
    _, content = server.archives.popitem()
    with pytest.raises(InputError, match=r"ahw.*can't be downloaded"):
        download_cmu_arctic(tmp_path, server.page)
    (tmp_path / ".archives" / "cmu_us_ahw_arctic.tar.bz2").write_bytes(content)  # killed before it was unpacked
    (tmp_path / ".archives" / "tmp123").write_bytes(content[:99])  # killed while it was downloaded
    server.asked.clear()
    download_cmu_arctic(tmp_path, server.page)
    assert server.asked == []
    assert left_behind(tmp_path) == WHOLE


@pytest.mark.parametrize("damage", ["cut", "flipped", "page"])
def test_an_archive_that_is_not_what_it_was_leaves_no_speaker(server, tmp_path, damage):
    path, content = next(iter(server.archives.items()))
    server.archives[path] = {
        "cut": content[: len(content) // 2],
        "flipped": content[:9000] + bytes([255 - content[9000]]) + content[9001:],
        "page": b"<html>Please log in</html>",
    }[damage]
    with pytest.raises(InputError, match=r"cmu_us_aew_arctic.*does not match the known hash") as refused:
        download_cmu_arctic(tmp_path, server.page)
    assert "\n" not in str(refused.value)
    assert left_behind(tmp_path) <= {".archives"}
    server.archives[path] = content
    download_cmu_arctic(tmp_path, server.page)
    assert left_behind(tmp_path) == WHOLE


def test_a_malicious_archive_writes_nothing_outside(server, tmp_path, monkeypatch):
    path = next(iter(server.archives))
    names = ("../evil.wav", "/tmp/evil.wav", "cmu_us_aew_arctic/wav/../../evil.wav", "cmu_us_aew_arctic/wav/a/evil.wav")
    server.archives[path] = archive("aew", [(name, b"evil") for name in names])
    monkeypatch.setattr(cmu_arctic, "SPEAKERS", server.digests())
    download_cmu_arctic(tmp_path / "speech", server.page)
    assert {path.name for path in tmp_path.rglob("*.wav")} == {f"{prompt}.wav" for prompt in PROMPTS}


def test_without_a_server_the_error_says_how_to_get_the_corpus(server, tmp_path):
    server.archives.clear()
    with pytest.raises(InputError, match=r"404.*festvox\.org/cmu_arctic.*cmu_us_aew_arctic/wav"):
        download_cmu_arctic(tmp_path, server.page)
    with pytest.raises(InputError, match=r"refused.*festvox\.org/cmu_arctic"):
        download_cmu_arctic(tmp_path, "http://127.0.0.1:9/")


def test_every_published_speaker_has_a_checksum():
    assert len(SPEAKERS) == 18
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in SPEAKERS.values())


def test_the_default_folder_is_filled_and_then_read(server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cmu_arctic.download_cmu_arctic, "__defaults__", (server.page,))
    assert len(open_corpus("cmu_arctic").utterances()) == 6
    assert left_behind(tmp_path / "data" / "cmu_arctic") == WHOLE


def test_a_given_folder_is_read_as_it_is(server, tmp_path):
    download_cmu_arctic(tmp_path, server.page)
    (tmp_path / "cmu_us_aew_arctic").rename(tmp_path / "elsewhere")
    corpus = open_corpus(f"cmu_arctic:{tmp_path}")
    assert {u.speaker for u in corpus.utterances()} == {"ahw"}
    assert corpus.note == "1 of 2 speakers are missing: aew"
    (tmp_path / "cmu_us_ahw_arctic").rename(tmp_path / "there")
    with pytest.raises(InputError, match=r"no speaker.*festvox\.org"):
        open_corpus(f"cmu_arctic:{tmp_path}")
