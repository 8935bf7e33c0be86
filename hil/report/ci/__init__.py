"""What services for continuous integration, and Allure, are told of a run beside ``junit.xml``."""
