from tests.service.fixtures import lab, pytest_generate_tests, service_database, time_machine

__all__ = ["lab", "pytest_generate_tests", "service_database", "time_machine"]
