# SPDX-License-Identifier: BSD-2-Clause
"""Recordings on the page: heard to the bit as golden hears them, and what is no recording."""

import io
from dataclasses import replace

import numpy as np
import pytest
from scipy.io import wavfile

from docs.page.recordings import heard_by_golden, heard_by_page
from firstspike.golden import Features, Network, encode
from firstspike.golden.data.sets import SPOKEN_DIGITS
from firstspike.golden.data.sounds import read_sounds
from firstspike.golden.data.wav import MOST_SAMPLES
from firstspike.golden.sound.defaults import default_front_end
from firstspike.scripts.figures import picture
from firstspike.scripts.page import page as verb
from firstspike.scripts.selection import Images
from firstspike.sim.harness.networks import network_of, random_weights
from tests.support.browser import DESKTOP, PHONE, opened
from tests.support.command import success

from .test_controls import check_answer, page_of
from .test_page import check, check_itself

FRONT = default_front_end()
RATE = FRONT.rate


def network_of_sound(constant: bool = False) -> Network:
    """Return a network of two words and none of them, of random weights."""
    n_inputs = FRONT.n_pixels + constant
    hidden, outputs = random_weights(np.random.default_rng(1), (n_inputs, 20, 4), -40, 60)
    return network_of(
        (hidden, outputs[:, :3]),
        (200, 40),
        bits=8,
        unit=32,
        deadline=300,
        encoding="levels-32",
        features=Features(sound=FRONT, constant=constant),
        classes=("yes", "<b>no", "none"),
    )


def recording(seed: int, words: int = 3, rate: int = RATE) -> np.ndarray:
    """Return bursts of noise and tones, with pauses between some of them, float64 from -1 to 1."""
    rng = np.random.default_rng(seed)
    pieces = []
    for _ in range(words):
        n = int(rate * rng.uniform(0.1, 0.7))
        tone = np.sin(2 * np.pi * rng.uniform(200, 3000) * np.arange(n) / rate)
        burst = tone * rng.uniform(0, 1) + rng.normal(0, 0.2, n)
        silence = np.zeros(int(rate * rng.uniform(0.02, 1.5)))
        pieces += [silence, burst * 10 ** rng.uniform(-2, 0.2)]
    return np.clip(np.concatenate(pieces), -1, 1)


def file_of(x: np.ndarray, kind: str = "i2", rate: int = RATE) -> bytes:
    """Return samples from -1 to 1 as a WAV file of such samples."""
    scaled = {
        "u1": lambda: np.rint(127 * x + 128),
        "i2": lambda: np.rint(32767 * x),
        "i4": lambda: np.rint((2**31 - 1) * x),
    }.get(kind, lambda: x)()
    file = io.BytesIO()
    wavfile.write(file, rate, scaled.astype(kind))
    return file.getvalue()


def of_24_bits(x: np.ndarray) -> bytes:
    """Return samples from -1 to 1 as a WAV file of 24 bits, whose head is an extensible one."""
    data = np.rint(x * (2**23 - 1)).astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    sizes = np.array([RATE, 3 * RATE], "<u4").tobytes()
    form = b"\xfe\xff\1\0" + sizes + b"\3\0\x18\0\x16\0\x18\0\0\0\0\0\1\0"
    form += b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    parts = b"".join(
        name + np.array(len(part), "<u4").tobytes() + part + b"\0" * (len(part) % 2)
        for name, part in ((b"fmt ", form), (b"note", b"abc"), (b"data", data))
    )
    return b"RIFF" + np.array(len(parts) + 4, "<u4").tobytes() + b"WAVE" + parts


@pytest.fixture(scope="module")
def listening(tmp_path_factory):
    """The page of a network of sound."""
    folder = tmp_path_factory.mktemp("sound")
    network_of_sound().save(folder / "net.npz")
    return folder


@pytest.fixture
def page_file(listening, capfd):
    path = listening / "listen.html"
    if not path.exists():
        success(capfd, "page", listening / "net.npz", "-o", path)
    return path


@pytest.fixture
def page(browser, page_file):
    """This page on a desktop."""
    with opened(browser, page_file, **DESKTOP) as page:
        yield page


def test_the_page_hears_what_golden_hears(browser, page_file):
    network = network_of_sound()
    files = [file_of(recording(seed), kind) for seed, kind in enumerate(("u1", "i2", "i4", "f8"))]
    files.append(of_24_bits(recording(4)))
    files.append(file_of(np.stack([recording(5), recording(5) * 0.3, -recording(5)], 1), "f4"))
    files.append(file_of(np.where(np.arange(8000) % 7 < 3, 1.0, -1.0)))  # as loud as can be
    files.append(file_of(np.zeros(100)))
    files.append(file_of(recording(6, words=12)))
    with opened(browser, page_file, **DESKTOP) as page:
        words = []
        for number, file in enumerate(files):
            expected = heard_by_golden(network, file)
            assert heard_by_page(page, file) == expected, number
            words += expected
        check_itself(page)
    assert {word["said"] for word in words} == {True, False}
    assert {word["isolated"] for word in words} == {True, False}
    assert len({word["decision"] for word in words}) > 1


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_recording_is_opened_and_its_words_are_said(browser, page_file, screen):
    network, file = network_of_sound(), file_of(recording(6, words=12))
    words = heard_by_golden(network, file)
    said = [word for word in words if word["said"]]
    names = [network.class_name(word["decision"]) for word in said]
    with opened(browser, page_file, **screen) as page:
        assert not page.is_visible("#pad")
        sent = {"name": "<i>it.wav", "mimeType": "audio/wav", "buffer": file}
        page.set_input_files("#wav", sent)
        page.wait_for_function("heard.textContent.startsWith('<i>it.wav: ')")
        text = page.inner_text("#heard")
        assert text.startswith(f"<i>it.wav: {', '.join(names)}.")
        assert f" {len(words) - len(said)} sounds more: " in text
        shown = page.locator("#words button").all_inner_texts()
        seconds = [FRONT.seconds(word["slot"]) for word in said]
        assert shown == [f"{at:.2f} s: {name}" for at, name in zip(seconds, names, strict=True)]
        page.click("#words button:last-child")
        assert page.inner_text("#answer b") == names[-1]
        assert f"decided at tick {said[-1]['tick']}" in page.inner_text("#answer")
        assert page.get_attribute("#heard", "aria-live") == "polite"


def test_the_page_of_sound_is_accessible(browser, page_file):
    check(browser, page_file)


SHOWN = """frames => {
  const [pen, side] = [grid.getContext("2d"), grid.width / frames];
  const at = (x, y) => pen.getImageData((x + 0.5) * side, (y + 0.5) * side, 1, 1).data[0];
  return Array.from({ length: grid.height / side }, (_, y) =>
    Array.from({ length: frames }, (_, x) => at(x, y)));
}"""
"""Grey of the pixels of a word of so many frames as they are shown, row by row."""


def test_a_word_is_shown_at_the_start_as_run_plots_it(browser, capfd, tmp_path):
    network = network_of_sound()
    for name, seeds in (("yes", (0, 1)), ("<b>no", (2, 3))):
        (tmp_path / "words" / name).mkdir(parents=True)
        for seed in seeds:
            (tmp_path / "words" / name / f"{seed}.wav").write_bytes(file_of(recording(seed)))
    words = ("--input", tmp_path / "words")
    samples = read_sounds(tmp_path / "words", FRONT)
    first = samples.x[samples.labels.index("yes")]
    plotted = next(axes.images[0] for axes in picture(network, first, 0, "").axes if axes.images)
    with opened(browser, page_of(capfd, tmp_path, network, *words), **PHONE) as page:
        check_answer(page, network, encode(network, first[None]))
        assert page.inner_text("#sample").startswith("A test sample of yes.")
        shown = page.evaluate(SHOWN, FRONT.frames)
        grey = np.array(plotted.get_array(), float) * 255 / (network.levels - 1)
        assert np.abs(np.array(shown) - grey).max() <= 0.5
        axes = page.locator("#seen .plot")
        low, high = (round(FRONT.filters[at].resonance(RATE)) for at in (0, -1))
        ends = {"low": f"{low} Hz", "high": f"{high} Hz", "begin": "0 s"}
        ends["end"] = f"{FRONT.seconds(FRONT.window):.2f} s"
        for name, text in ends.items():
            assert axes.locator(f".{name}").inner_text() == text
        box = page.locator("#grid").bounding_box()
        low, high = (axes.locator(name).bounding_box() for name in (".low", ".high"))
        assert high["y"] < low["y"] < box["y"] + box["height"]
        assert low["x"] + low["width"] <= box["x"]
        page.focus("#grid")
        page.keyboard.press("ArrowDown")
        assert page.inner_text("#cursor").startswith("frame 1, filter 15 from the lowest: ")
        before = shown[1][0]
        page.keyboard.press(" ")
        page.evaluate("document.activeElement.blur()")
        (after,) = page.evaluate(SHOWN, FRONT.frames)[1][:1]
        assert abs(after - (255 - before)) <= 255 / (network.levels - 1)


def test_without_a_word_nothing_is_decided(browser, capfd, tmp_path):
    with opened(
        browser, page_of(capfd, tmp_path, network_of_sound(constant=True)), **DESKTOP
    ) as page:
        assert page.inner_text("#answer") == "No word is heard yet: 3 neurons wait to answer."
        page.set_input_files("#wav", {"name": "it.wav", "mimeType": "audio/wav", "buffer": WHOLE})
        page.wait_for_selector("#answer b")


def test_a_named_data_set_of_sound_brings_its_words(monkeypatch, capfd, tmp_path):
    network = replace(network_of_sound(), meta={"dataset": SPOKEN_DIGITS})
    named = []

    def loaded_images(network, dataset, files):
        named.append(dataset)
        x = np.full((3, FRONT.frames, len(FRONT.filters)), 200, np.uint8)
        return Images(SPOKEN_DIGITS, x, [0, 1, 2], np.arange(3), "")

    monkeypatch.setattr(verb, "loaded_images", loaded_images)
    monkeypatch.setattr(verb, "candidate_paths", lambda name: [tmp_path / name])
    page_of(capfd, tmp_path, network)
    (tmp_path / SPOKEN_DIGITS).touch()
    page_of(capfd, tmp_path, replace(network, meta={"dataset": "words"}))
    assert named == []
    page_of(capfd, tmp_path, network)
    assert named == [SPOKEN_DIGITS]


def test_the_browser_reads_other_rates(browser, page_file):
    file = file_of(recording(7, words=5, rate=44_100), rate=44_100)
    with opened(browser, page_file, **DESKTOP) as page:
        found = {word["slot"] for word in heard_by_page(page, file)}
    golden = {word["slot"] for word in heard_by_golden(network_of_sound(), file)}
    assert found
    assert len(found ^ golden) <= len(golden) / 2  # it resamples in its own way


WHOLE = file_of(recording(0))

REFUSED = {
    "empty": (b"", "is no sound that the browser can read: open a WAV file."),
    "text": (b"no recording", "is no sound that the browser can read: open a WAV file."),
    "cut": (WHOLE[:-100], "ends before its head says: it was cut short; save it again."),
    "head": (WHOLE[:30], "ends before its head says: it was cut short; save it again."),
    "silent": (file_of(np.zeros(0)), "holds no samples."),
    "slow": (file_of(recording(0), rate=4000), "has 4000 samples per second: give 8000 or more."),
    "not finite": (
        file_of(np.array([0, np.nan]), "f4"),
        "holds samples that are no finite numbers.",
    ),
    "of no width": (
        WHOLE[:34] + b"\x0c" + WHOLE[35:],
        "is no WAV file of plain samples: save it as one of 16 bits.",
    ),
}


def test_what_is_no_recording_is_said_to_be_so(page, tmp_path):
    hour = tmp_path / "hour.wav"
    hour.write_bytes(file_of(np.zeros(MOST_SAMPLES + 1), "u1"))
    before = page.inner_text("#answer")
    for name, (content, said) in REFUSED.items():
        sent = {"name": f"{name}.wav", "mimeType": "audio/wav", "buffer": content}
        page.set_input_files("#wav", sent)
        page.wait_for_function("name => heard.textContent.startsWith(name)", arg=f"{name}.wav")
        assert page.inner_text("#heard") == f"{name}.wav {said}"
    page.set_input_files("#wav", hour)
    page.wait_for_function("heard.textContent.startsWith('hour.wav')")
    assert page.inner_text("#heard") == (
        f"hour.wav has {MOST_SAMPLES + 1} samples: at most {MOST_SAMPLES} are read; cut it."
    )
    assert page.inner_text("#answer") == before
    sent = {"name": "good.wav", "mimeType": "audio/wav", "buffer": WHOLE}
    page.set_input_files("#wav", sent)
    page.wait_for_function("heard.textContent.startsWith('good.wav: ')")


def test_without_a_microphone_it_is_said_so(page):
    page.click("#speak")
    page.wait_for_function("heard.textContent.startsWith('The browser gives no microphone')")


ASKING = """() => {
  window.asked = 0;
  navigator.mediaDevices.getUserMedia = () => new Promise((given, refused) => {
    asked += 1;
    Object.assign(window, { given, refused });
  });
}"""
"""The browser asks the user for the microphone, and waits for the answer."""


def test_a_microphone_is_asked_for_once_and_released(page):
    page.evaluate(ASKING)
    page.dblclick("#speak")
    assert page.evaluate("asked") == 1
    page.evaluate("refused()")
    page.wait_for_function("heard.textContent.startsWith('The browser gives no microphone')")
    page.click("#speak")
    assert page.evaluate("asked") == 2
    page.evaluate("given({ getTracks: () => [{ stop: () => { window.released = true; } }] })")
    page.wait_for_function("window.released")  # no recorder takes such a stream


def test_what_is_spoken_is_heard_and_the_microphone_released(page):
    page.evaluate(ASKING)
    page.click("#speak")
    page.evaluate("""() => {
      const context = new AudioContext();
      const sink = context.createMediaStreamDestination();
      const tone = new OscillatorNode(context);
      tone.connect(sink);
      tone.start();
      window.track = sink.stream.getAudioTracks()[0];
      given(sink.stream);
    }""")
    page.wait_for_function("speak.textContent === 'Stop'")
    page.wait_for_timeout(500)
    assert page.evaluate("track.readyState") == "live"
    page.click("#speak")
    page.wait_for_function("heard.textContent.startsWith('The microphone')")
    assert page.inner_text("#speak") == "Speak"
    assert page.evaluate("track.readyState") == "ended"
    assert page.evaluate("asked") == 1
