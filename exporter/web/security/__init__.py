"""TLS, client certificates, passwords and headers, as the exporter-toolkit's file has them."""
