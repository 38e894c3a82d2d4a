"""A web server for probes: answers at once on one port, never on the other, and counts how late each probe comes.

Prints its two ports, then on each line read from stdin a JSON object with what came since the last one. A probe's interval is its period
plus up to 5 % jitter; what is above that was late for certain, what is below may have been late too.
"""

import json
import select
import socket
import sys
import time

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def listener():
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", 0))
    server.listen(4096)
    server.setblocking(False)
    return server


def main():
    answering, hanging = listener(), listener()
    print(answering.getsockname()[1], hanging.getsockname()[1], flush=True)
    poll = select.epoll()
    for server in (answering, hanging):
        poll.register(server.fileno(), select.EPOLLIN)
    poll.register(0, select.EPOLLIN)
    open_, mute, last, intervals, hung = {}, {}, {}, [], 0
    while True:
        for fd, _ in poll.poll():
            if fd == 0:
                if not sys.stdin.readline():
                    return
                print(json.dumps({"intervals": intervals, "hung": hung}), flush=True)
                intervals, hung = [], 0
            elif fd == answering.fileno() or fd == hanging.fileno():
                while True:
                    try:
                        client, _ = (answering if fd == answering.fileno() else hanging).accept()
                    except BlockingIOError:
                        break
                    client.setblocking(False)
                    if fd == answering.fileno():
                        open_[client.fileno()] = (client, time.monotonic())
                    else:
                        mute[client.fileno()] = client
                        hung += 1
                    poll.register(client.fileno(), select.EPOLLIN)
            elif fd in mute:
                if gone(mute[fd]):
                    poll.unregister(fd)
                    mute.pop(fd).close()
            else:
                client, at = open_[fd]
                try:
                    data = client.recv(4096)
                except OSError:
                    data = b""
                if data:
                    path = data.split(b" ", 2)[1]
                    if path in last:
                        intervals.append(round(at - last[path], 6))
                    last[path] = at
                    client.send(ANSWER)
                poll.unregister(fd)
                client.close()
                del open_[fd]


def gone(client):
    try:
        return not client.recv(4096)
    except BlockingIOError:
        return False
    except OSError:
        return True


main()
