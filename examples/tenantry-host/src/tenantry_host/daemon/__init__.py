"""What runs on the host: one process that starts apps, serves sites, routes requests and takes orders."""
