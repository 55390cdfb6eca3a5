"""Beginning: a folder of exports in, a first metrics.yaml out that runs at once and says what is proposed."""
