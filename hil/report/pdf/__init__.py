"""The certificate and the report as PDF/A-3a and PDF/UA-1, typeset by Typst without a browser (extra ``pdf``)."""
