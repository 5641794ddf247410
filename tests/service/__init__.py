"""A music service on loopback that an unmodified yandex-music client can talk to, with faults on demand."""
