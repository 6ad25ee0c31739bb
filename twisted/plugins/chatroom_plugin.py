"""Makes ``twistd chatroom`` known. Every twistd on the machine imports this file, so it holds nothing else."""

from twisted.application.service import ServiceMaker

chatroom = ServiceMaker("chatroom", "chatroom.server.service", "A chat server: one room, many doors.", "chatroom")
