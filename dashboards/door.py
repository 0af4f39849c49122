"""The door of the app: who looks, before any page is drawn; Streamlit's own sign-in behind it."""

from __future__ import annotations

import streamlit as st

from annolake.errors import AnnolakeError
from dashboards import access, source
from dashboards.access import Viewer

VIEWER = "viewer"


def enter() -> bool:
    """Whether a page may be drawn for whoever looks; draws the sign-in or the reason where it may not."""
    try:
        st.session_state[VIEWER] = access.viewer(source.settings(), st.get_option("server.address"), st.user.to_dict())
    except access.SignInNeeded:
        sign_in()
    except access.NotAllowed as shut:
        st.error(str(shut), icon=":material/lock:")
        if st.user.to_dict().get("is_logged_in"):
            st.button("Sign in as somebody else", on_click=st.logout)
    except AnnolakeError as error:
        st.error(f"The settings cannot be read: {error.message}", icon=":material/error:")
        st.code(error.hint or "annolake config show", language="bash")
    else:
        signed_in_as(viewer())
        return True
    return False


def viewer() -> Viewer:
    """Who looks. A page that was opened without passing the door ends here, before it has read anything."""
    found: Viewer | None = st.session_state.get(VIEWER)
    if found is None:
        st.error("This page opens through the dashboards' app only: dashboards/app.py.", icon=":material/lock:")
        st.stop()
    return found


def sign_in() -> None:
    """What is shown to somebody who is not signed in."""
    st.title("Annolake")
    st.markdown("These dashboards show how labeling goes. Sign in with your organisation's account.")
    st.button("Sign in", on_click=st.login, type="primary", icon=":material/login:")


def signed_in_as(who: Viewer) -> None:
    """Who is signed in, at the side, with the way out."""
    if not who.who:
        return
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        st.caption(f"{who.who} · sees {'names' if who.sees_names else 'pseudonyms'}")
        st.button("Sign out", on_click=st.logout, type="tertiary", icon=":material/logout:")
