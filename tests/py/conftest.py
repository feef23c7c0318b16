"""Fixtures of all suites. Run by scripts/test-py.sh, on a stage of their own."""

import asyncio
import os

import pytest

from account import Account
from agent import ScriptedWorker
from chat import client_of
from sessions import open_session
from stage import Stage

# secret-sdk takes the running thread's loop and does not make one.
asyncio.set_event_loop(asyncio.new_event_loop())
# secret-ai-sdk tries again what is refused, after seconds that it reads when it is imported.
os.environ["SECRET_AI_RETRY_DELAY"] = "0.05"


@pytest.fixture(scope="session")
def stage():
    return Stage.of_environment()


@pytest.fixture(scope="session")
def user(stage):
    """Holds tokens."""
    return Account(stage, "user")


@pytest.fixture(scope="session")
def admin(stage):
    return Account(stage, "admin")


@pytest.fixture(scope="session")
def anyone(stage):
    """Holds no tokens."""
    return Account(stage, "anyone")


@pytest.fixture(scope="session")
def scripted(stage, user, tmp_path_factory):
    """A second worker, whose answers are scripted."""
    worker = ScriptedWorker(stage, user, tmp_path_factory.mktemp("worker"))
    yield worker
    worker.close()


@pytest.fixture(scope="session")
def session(user):
    """With the stage's worker."""
    return open_session(user, cap=1_000_000)


@pytest.fixture(scope="session")
def scripted_session(user, scripted):
    return open_session(user, model=scripted.model, cap=1_000_000)


@pytest.fixture
def client(stage, session):
    """The package `openai` with the stage's worker."""
    return client_of(stage.agent_url, session.api_key)


@pytest.fixture
def actor(scripted, scripted_session):
    """The package `openai` with the scripted worker."""
    return client_of(scripted.url, scripted_session.api_key)
