"""The report as one HTML file: a certificate, the report with its index, each scenario on demand; and the annex."""
