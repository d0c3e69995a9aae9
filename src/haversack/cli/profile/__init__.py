"""Which exchange a command talks to, and with which keys: the local one (`sim`), or the real one (`live`).

from haversack.cli.profile import open_profile

profile = open_profile("sim")              # None: the profile that the user has chosen, sim if none
profile.name, profile.is_live
with profile.client() as client: ...       # a Client; the local exchange is started if it does not run
async with profile.async_client() as client: ...

opening      a profile by its name, and its clients
separation   what keeps keys and exchanges of the two kinds apart
config       the file of settings, and where each value comes from
places       where files are
keys         key files
sim          the local exchange in the background: found, started, stopped
"""

from __future__ import annotations

from haversack.cli.profile.opening import Profile, open_profile

__all__ = ["Profile", "open_profile"]
