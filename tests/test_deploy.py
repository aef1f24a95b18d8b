"""What deploy/ has: read by the programs that will read it, where they are installed, and compared with the product."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.settings_table import setting_rows

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
UNITS = sorted((DEPLOY / "systemd").iterdir())
SITES = ("citewell.conf", "citewell-oauth2-proxy.conf", "citewell-replicas.conf")
NGINX = shutil.which("nginx")
SYSTEMD = shutil.which("systemd-analyze")
_VARIABLE = re.compile(r"\bCITEWELL_[A-Z_]+\b")


def _has_docker_compose() -> bool:
    docker = shutil.which("docker")
    return docker is not None and not subprocess.run([docker, "compose", "version"], capture_output=True).returncode


def compose(name: str) -> dict[str, Any]:
    loaded = yaml.safe_load((DEPLOY / name).read_text("utf-8"))
    assert isinstance(loaded, dict)
    return loaded


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(DEPLOY).as_posix())
def test_every_setting_that_is_named_exists(path: Path) -> None:
    known = {row.variable for row in setting_rows()}
    assert set(_VARIABLE.findall(path.read_text("utf-8"))) <= known


@pytest.mark.skipif(NGINX is None, reason="needs nginx (apt install nginx-light)")
@pytest.mark.parametrize("site", SITES)
def test_nginx_takes_its_configuration(site: str, tmp_path: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", "privkey.pem", "-out", "fullchain.pem", "-days", "1", "-subj", "/CN=citewell.example"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    text = (DEPLOY / "nginx" / site).read_text("utf-8")
    # Names are those of a network that is not here.
    for name, here in {
        "/etc/nginx/tls/": f"{tmp_path}/",
        "/etc/nginx/citewell-proxy.inc": str(DEPLOY / "nginx/proxy.inc"),
        "/var/log/nginx/": f"{tmp_path}/",
        "server citewell:8501": "server 127.0.0.1:8501",
        "server oauth2-proxy:4180": "server 127.0.0.1:4180",
    }.items():
        text = text.replace(name, here)
    text = re.sub(r"\bcitewell-[12]:", "127.0.0.1:", text)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    text = "\n".join(
        (f"access_log {tmp_path}/access.log;", *(f"{kind}_temp_path {tmp_path}/{kind};" for kind in kinds), text)
    )
    whole = f"pid {tmp_path}/nginx.pid;\nerror_log {tmp_path}/error.log;\nevents {{}}\nhttp {{\n{text}\n}}\n"
    (tmp_path / "nginx.conf").write_text(whole)
    done = subprocess.run(
        [NGINX or "nginx", "-t", "-c", str(tmp_path / "nginx.conf")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


@pytest.mark.parametrize("site", SITES)
def test_what_a_browser_says_of_itself_and_who_counts_sessions_stay_outside(site: str) -> None:
    text = (DEPLOY / "nginx" / site).read_text("utf-8")
    assert "location = /_stcore/metrics {\n        return 404;" in text
    assert "9464" not in text
    assert "$request_uri" not in re.findall(r"log_format .*", text)[0]
    if "oauth2" in site:
        for name in ("User", "Email", "Groups", "For"):
            assert f"proxy_set_header X-Forwarded-{name}" in text


@pytest.mark.skipif(SYSTEMD is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_its_units(unit: Path, tmp_path: Path) -> None:
    for other in UNITS:
        text = re.sub(r"/opt/citewell/.venv/bin/(citewell|chroma)", "/bin/true", other.read_text("utf-8"))
        (tmp_path / other.name).write_text(text.replace("User=citewell\nGroup=citewell\n", ""))
    done = subprocess.run(
        [SYSTEMD or "", "verify", "--man=no", str(tmp_path / unit.name)], capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.splitlines() if unit.name in line]
    assert (done.returncode, said) == (0, [])


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.name)
def test_a_unit_has_no_more_rights_than_it_needs(unit: Path) -> None:
    lines = set(unit.read_text("utf-8").splitlines())
    assert {
        "User=citewell",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "ProtectSystem=strict",
        "PrivateDevices=yes",
        "UMask=0077",
    } <= lines


def test_the_container_runs_as_nobody_in_particular_on_a_file_system_that_it_cannot_write() -> None:
    service = compose("compose.yml")["services"]["citewell"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"] == "10001:10001"
    assert "ports" not in service
    assert int(service["stop_grace_period"].removesuffix("s")) > 20
    overlay = compose("compose.oauth2-proxy.yml")
    address = overlay["services"]["nginx"]["networks"]["front"]["ipv4_address"]
    assert overlay["services"]["citewell"]["environment"]["CITEWELL_PROXY_ADDRESSES"] == address


def test_every_part_of_the_server_mode_is_kept_in_and_only_nginx_is_open() -> None:
    whole = compose("compose.server.yml")
    services = whole["services"]
    for name, service in services.items():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert ("ports" in service) == (name == "nginx")
        assert "user" in service or name == "nginx"
        assert "healthcheck" in service
    assert whole["networks"]["back"] == {"internal": True}
    assert services["postgres"]["networks"] == services["chroma"]["networks"] == ["back"]
    assert services["worker"]["deploy"]["replicas"] > 1
    named = {mount.partition(":")[0] for service in services.values() for mount in service["volumes"]}
    assert {name for name in named if "/" not in name} == set(whole["volumes"])


def test_the_replicas_of_the_compose_file_are_those_that_nginx_knows_with_one_secret_and_one_database() -> None:
    services = compose("compose.server.yml")["services"]
    replicas = {name: service for name, service in services.items() if name.startswith("citewell-")}
    site = (DEPLOY / "nginx/citewell-replicas.conf").read_text("utf-8")
    places = {f"{name}:{service['command'][-1]}" for name, service in replicas.items()}
    assert len(places) > 1
    assert set(re.findall(r"server (citewell-\d:\d+)", site)) == places
    for name, service in replicas.items():
        port = service["command"][-1]
        assert f"127.0.0.1:{port}/readyz" in service["healthcheck"]["test"][-1]
        assert re.search(rf"^    {port} citewell-{port};$", site, re.MULTILINE)
        assert re.search(rf"upstream citewell-{port} {{[^}}]*server {name}:{port} [^;]*2s;", site)
        assert "./secrets.toml:/app/.streamlit/secrets.toml:ro" in service["volumes"]
    shared = [services[name]["environment"] for name in (*replicas, "worker")]
    assert all(environment == shared[0] for environment in shared)
    assert {"DATABASE_URL", "CHROMA_URL", "CITEWELL_FILES"} <= set(shared[0])


@pytest.mark.skipif(not _has_docker_compose(), reason="needs docker compose")
@pytest.mark.parametrize("name", ["compose.yml", "compose.server.yml"])
def test_docker_compose_takes_its_files(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "deploy"
    shutil.copytree(DEPLOY, folder)
    (folder / "citewell.env").write_text("")
    (folder / ".env").write_text("POSTGRES_PASSWORD=test")
    done = subprocess.run(
        ["docker", "compose", "-f", str(folder / name), "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_image_has_what_the_wheel_has_runs_as_no_root_and_says_how_it_is() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    copied = set(re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE))
    names = {name for line in copied for name in line.split()}
    assert [name for name in names if not (ROOT / name).exists()] == []
    wheel = re.search(r"only-include = \[(.+)\]", (ROOT / "pyproject.toml").read_text("utf-8"))
    assert wheel is not None
    assert set(re.findall(r'"([^"]+)"', wheel[1])) <= names
    let_in = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert {f"!{name}" for name in names} == {line for line in let_in if line.startswith("!")}
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    assert "/readyz" in text
    assert "citewell weights" in text
    assert not re.search(r"^FROM \S+:latest|^FROM [^:\s]+$", text, re.MULTILINE)


def test_prometheus_finds_the_port_that_the_units_open() -> None:
    port = compose("prometheus.yml")["scrape_configs"][0]["static_configs"][0]["targets"][0].rpartition(":")[2]
    assert f"CITEWELL_METRICS_PORT={port}" in (DEPLOY / "systemd/citewell.service").read_text("utf-8")
    assert compose("compose.yml")["services"]["citewell"]["environment"]["CITEWELL_METRICS_PORT"] == port
