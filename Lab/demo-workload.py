"""Sends 200 datagrams and 200 TCP messages over loopback, one of each every millisecond, to two threads that wait for them."""
import socket
import threading
import time

COUNT = 200

datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.bind(("127.0.0.1", 0))
listener = socket.create_server(("127.0.0.1", 0))


def receive_datagrams():
    for _ in range(COUNT):
        datagrams.recv(2048)


def serve():
    connection, _ = listener.accept()
    while connection.recv(4096):
        pass


readers = [threading.Thread(target=receive_datagrams), threading.Thread(target=serve)]
for reader in readers:
    reader.start()
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
stream = socket.create_connection(listener.getsockname())
for number in range(COUNT):
    sender.sendto(b"d" * (number + 1), datagrams.getsockname())
    stream.send(b"s" * (7 * number + 1))
    time.sleep(0.001)
stream.close()
for reader in readers:
    reader.join()
