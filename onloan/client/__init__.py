"""The gate for the merchant's own code. Only the standard library is needed; see ``docs/client.md``.

gate = Gate("https://pot.example", key)
with gate.use(person, items=["username", "profile_photo"], purpose="winner_wall",
              channel="winners_page", market="FR") as data:
    show(data.text("username"), data.address("profile_photo", width=128))
"""

from onloan.client.errors import CallRefused, GateError, GateUnavailable, UseDenied
from onloan.client.gate import Gate, UsedData

__all__ = ["CallRefused", "Gate", "GateError", "GateUnavailable", "UseDenied", "UsedData"]
