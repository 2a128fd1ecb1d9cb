"""What people touch: the command line (``cli``), the search page (``web``) and their settings (``config``)."""
