"""Start the service: `DATABASE_URL` and `REDIS_URL` come from the environment, the address from the arguments."""

from __future__ import annotations

import argparse
import os

import uvicorn

from architect.service.application import create_application


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="architect.service")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    application = create_application(database_url=os.environ["DATABASE_URL"], redis_url=os.environ["REDIS_URL"])
    uvicorn.run(application, host=arguments.host, port=arguments.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
