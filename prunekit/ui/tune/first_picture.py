"""The first picture of a task: a quiet scan that colours the bars, started once the first accuracy stands."""

from typing import TYPE_CHECKING

from prunekit.ui.sensitivity import scanning
from prunekit.ui.state import jobs
from prunekit.ui.state.cached import dense_evaluation
from prunekit.ui.state.session import session

if TYPE_CHECKING:
    from prunekit.verbs import Opened


def first_picture(opened: "Opened") -> None:
    """Start the first picture where nothing of it is known, and draw the page anew once it ends.

    Whoever cancels it is not asked again by this tab.
    """
    now, owner = session(), scanning.owner(opened)
    if owner not in now.pictured and dense_evaluation(opened.key.digest, opened, None).finished:
        now.pictured.add(owner)
        if scanning.current_scan(opened).remaining["picture"] and not jobs.running(owner):
            scanning.start(opened, "picture")
    jobs.follow("first-picture", lambda: None, lambda: jobs.running(owner))
