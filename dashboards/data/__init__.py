"""Every question that the dashboards ask, as one function each, over gold tables of one release; one module a page.

An `Answer` carries its rows and the very statement that gave them, values filled in, so that "show SQL" can be
pasted into `annolake sql`. Intervals are 95 %. Nothing here draws; tests run each function without a browser.
"""

from dashboards.data.asking import Answer, Connection, Where, ask
from dashboards.data.bands import RELIABLE, TENTATIVE

__all__ = ["RELIABLE", "TENTATIVE", "Answer", "Connection", "Where", "ask"]
