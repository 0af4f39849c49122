from tests.service.fixtures import lab, time_machine

__all__ = ["lab", "time_machine"]
