"""What AWS calls: ``process``, ``update_state`` and ``sender``, each ``lambda_handler``."""
