"""The client of the ZeroMQ guide. The server is hello_server.rs in the same directory.

    cargo run -p examples --example hello_server
    python3 examples/hello_client.py                # in another terminal; needs `pip install pyzmq`

It sends b"Hello" ten times and prints each reply, b"World".
"""

import zmq

socket = zmq.Context().socket(zmq.REQ)
socket.connect("tcp://localhost:5555")
for request in range(10):
    socket.send(b"Hello")
    print("reply", request, socket.recv())
