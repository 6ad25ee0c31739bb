"""Logs: what orders and keeps what happens. :class:`~chatroom.log.interface.ILog` says what each promises."""
