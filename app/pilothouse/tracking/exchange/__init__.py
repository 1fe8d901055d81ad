"""Moving runs in and out: from MLflow's stores, and to tables or a store that MLflow reads."""
