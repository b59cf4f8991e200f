"""A frontend with Jupyter's client library. It starts the kernel and runs code on it.

    python3 frontend.py KERNEL_EXECUTABLE
"""

import json
import os
import sys
import tempfile

SPEC = {
    "display_name": "Calculator",
    "language": "calculator",
    "interrupt_mode": "message",
}


def run(client, code, answer=None):
    """Returns the status of a cell, and its output and result."""
    said = []

    def hear(message):
        content = message["content"]
        if message["msg_type"] == "stream":
            said.append(content["text"])
        elif message["msg_type"] == "execute_result":
            said.append("= " + content["data"]["text/plain"])
        elif message["msg_type"] == "error":
            said.append("! " + content["ename"] + ": " + content["evalue"])

    reply = client.execute_interactive(
        code,
        timeout=20,
        output_hook=hear,
        allow_stdin=answer is not None,
        stdin_hook=lambda message: client.input(answer),
    )
    return reply["content"]["status"], said


def main():
    with tempfile.TemporaryDirectory() as folder:
        place = os.path.join(folder, "kernels", "calculator")
        os.makedirs(place)
        with open(os.path.join(place, "kernel.json"), "w") as file:
            json.dump({"argv": [sys.argv[1], "{connection_file}"], **SPEC}, file)
        os.environ["JUPYTER_PATH"] = folder
        os.environ["JUPYTER_RUNTIME_DIR"] = os.path.join(folder, "runtime")

        from jupyter_client.manager import start_new_kernel

        manager, client = start_new_kernel(kernel_name="calculator", startup_timeout=20)
        try:
            assert client.is_alive(), "no heartbeat"
            assert client.kernel_info(reply=True, timeout=20)["content"]["implementation"] == "calculator"
            assert run(client, "6 * 7") == ("ok", ["= 42"])
            assert run(client, "x = 2\nprint x ^ 10\nx + 1") == ("ok", ["1024\n", "= 3"])
            assert run(client, "1 / 0") == ("error", ["! CalculationError: division by zero"])
            assert run(client, "ask y\ny * 2", answer="21") == ("ok", ["= 42"])
            # Interrupt the code once it runs, which its first output shows.
            request = client.execute("print 1\nsleep 600")
            while True:
                message = client.get_iopub_msg(timeout=20)
                if message["msg_type"] == "stream":
                    break
            manager.interrupt_kernel()
            reply = client.get_shell_msg(timeout=20)
            assert reply["parent_header"]["msg_id"] == request
            assert reply["content"]["ename"] == "Interrupted", reply["content"]
            assert run(client, "x") == ("ok", ["= 2"])
        finally:
            client.stop_channels()
            manager.shutdown_kernel()
        assert not manager.is_alive(), "the kernel did not stop"
    import jupyter_client

    print("ran code with jupyter_client", jupyter_client.__version__)


main()
