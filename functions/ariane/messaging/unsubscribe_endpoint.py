"""``/u/{token}``: GET shows the page and changes nothing, POST unsubscribes."""

from dataclasses import dataclass

from ariane.errors import ArianeError, Denied, Retryable
from ariane.messaging.pages import LANGUAGES, Page, ask_page, done_page, failed_page, language_of, later_page, refused_page
from ariane.messaging.unsubscribing import Unsubscriber

_ONE_CLICK = "List-Unsubscribe=One-Click"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRequest:
    method: str
    token: str
    body: str
    accept_language: str | None


class UnsubscribeEndpoint:
    def __init__(self, unsubscriber: Unsubscriber) -> None:
        self._unsubscriber = unsubscriber

    def answer(self, request: LinkRequest) -> Page:
        """A mailbox provider's one-click POST and the page's own form do the same. Raises no ArianeError: whatever happens, the
        visitor reads whether they are unsubscribed."""
        language = language_of(request.accept_language, otherwise=LANGUAGES[0])
        try:
            way_out = self._unsubscriber.read(request.token)
            # The message's own: the topic's label comes from it too, and one page speaks one language.
            language = language_of(None, otherwise=way_out.locale)
            if request.method != "POST":
                return ask_page(way_out, language)
            how = "one_click" if _ONE_CLICK in request.body else "page"
            return done_page(self._unsubscriber.unsubscribe(request.token, how=how), language)
        except Denied as error:
            return refused_page(error.code, language)
        except Retryable as error:
            return later_page(error.code, language)
        except ArianeError as error:
            return failed_page(error.code, language)
