"""From what a real implementation answered to a scenario without anybody real in it."""

from mock_server.resources.recorder.recorder import Recorder, RecordingError

__all__ = ["Recorder", "RecordingError"]
