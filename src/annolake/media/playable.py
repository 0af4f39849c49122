"""What browsers play as it is; anything else gets a copy that they do (`annolake.media.encode`).

The tables say what Chromium plays, with sound and picture, measured (tests/media/test_playable_browser.py makes each
pair and plays it). Not in them, so copied: AIFF, AU, CAF, W64, AMR, AC-3, MP2, WMA, ALAC, 64-bit float and ADPCM in
WAV, xHE-AAC, HEVC, MPEG-2, MPEG-4 part 2, Motion JPEG, ProRes, FFV1, and all of AVI, MPEG-TS, MPEG-PS, FLV, ASF.
An MP4 whose index stands at its end, and pictures turned by their container, play as they are.
"""

from __future__ import annotations

from annolake.media.decode import Probe

LOSSY = frozenset({"aac", "flac", "mp3", "mp3float", "opus"})
PCM = frozenset({"pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_u8"})
SOUND: dict[str, frozenset[str]] = {
    "wav": PCM | {"pcm_alaw", "pcm_mulaw", "mp3", "mp3float"},
    "flac": frozenset({"flac"}),
    "mp3": frozenset({"mp3", "mp3float"}),
    "aac": frozenset({"aac"}),
    "ogg": frozenset({"flac", "opus", "vorbis"}),
    "webm": frozenset({"opus", "vorbis"}),
    "matroska": LOSSY | {"pcm_s16le", "vorbis"},
    "mp4": LOSSY | {"pcm_s16le"},
    "mov": frozenset({"aac", "mp3", "mp3float", "pcm_s16le"}),
}
"""Container -> codecs of sound that play in it."""
OPEN_VIDEO = frozenset({"av1", "libdav1d", "vp8", "vp9"})
PICTURE: dict[str, frozenset[str]] = {
    "webm": OPEN_VIDEO,
    "matroska": OPEN_VIDEO | {"h264"},
    "mp4": frozenset({"av1", "h264", "libdav1d", "vp9"}),
    "mov": frozenset({"h264"}),
}
"""Container -> codecs of pictures that play in it."""
AAC_PROFILES = frozenset({None, "Main", "LC", "HE-AAC", "HE-AACv2"})
SAMPLE_RATES_HZ = range(3_000, 384_001)
MOST_CHANNELS = 8


def plays(probe: Probe) -> bool:
    """Whether browsers play the file as it is, with all that it holds.

    >>> plays(Probe("audio", 1.0, "wav", ".wav", "pcm_s24le", sample_rate_hz=48_000, channels=2))
    True
    >>> plays(Probe("audio", 1.0, "aiff", ".aiff", "pcm_s16be", sample_rate_hz=48_000, channels=2))
    False
    """
    return _sound_plays(probe) and (
        probe.video_codec is None or probe.video_codec in PICTURE.get(probe.container, frozenset())
    )


def _sound_plays(probe: Probe) -> bool:
    if probe.audio_codec is None:
        return True
    return (
        probe.audio_codec in SOUND.get(probe.container, frozenset())
        and (probe.audio_codec != "aac" or probe.audio_profile in AAC_PROFILES)
        and probe.sample_rate_hz in SAMPLE_RATES_HZ
        and (probe.channels or 0) <= MOST_CHANNELS
    )


def copy_extension(probe: Probe) -> str:
    """Extension of the copy that `annolake.media.encode` makes."""
    return ".mp4" if probe.media_type == "video" else ".m4a"
