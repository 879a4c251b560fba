"""The keys of one board: its own host key, and one client key that its accounts accept."""

import subprocess
from dataclasses import dataclass

from . import LabError


@dataclass
class Keys:
    client_public: bytes
    host_private: bytes
    host_public: str


def make(state):
    client, host = state / "id_ed25519", state / "host_key"
    for path in (client, state / "id_ed25519.pub", host):
        path.unlink(missing_ok=True)
    _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "flashkeep-lab", "-f", str(client))
    made = _run("dropbearkey", "-t", "ed25519", "-f", str(host))
    public = next(line for line in made.splitlines() if line.startswith("ssh-ed25519 "))
    keys = Keys((state / "id_ed25519.pub").read_bytes(), host.read_bytes(), " ".join(public.split()[:2]))
    # dropbear writes several other files beside its own in newer releases; the board has the key.
    host.unlink()
    return keys


def write_config(state, port, keys):
    """An OpenSSH configuration with which `ssh -F … board` asks nothing."""
    (state / "known_hosts").write_text(f"[127.0.0.1]:{port} {keys.host_public}\n")
    (state / "ssh_config").write_text(f"""Host board
    HostName 127.0.0.1
    Port {port}
    User root
    IdentityFile "{state / 'id_ed25519'}"
    IdentitiesOnly yes
    UserKnownHostsFile "{state / 'known_hosts'}"
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    UpdateHostKeys no
    LogLevel ERROR
""")


def _run(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        raise LabError(f"{command[0]} is missing: run Lab/setup first")
    except subprocess.CalledProcessError as error:
        raise LabError(f"{command[0]} failed: {error.stderr.strip()}")
