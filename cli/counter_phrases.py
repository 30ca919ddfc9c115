"""What the counter view is read out in: a person at a till hears one language."""

from collections.abc import Mapping
from dataclasses import dataclass

from babel import Locale
from babel.numbers import format_decimal


@dataclass(frozen=True, slots=True)
class Phrases:
    locale: Locale
    said: Mapping[str, str]

    def __call__(self, phrase: str, **values: object) -> str:
        return self.said.get(phrase, phrase).format(**values)

    def number(self, amount: float) -> str:
        return format_decimal(amount, locale=self.locale)


def phrases_of(locale: str) -> Phrases:
    """In English where the language is another."""
    parsed = Locale.parse(locale.replace("-", "_"))
    return Phrases(parsed, _FRENCH if parsed.language == "fr" else {})


_FRENCH = {
    "No name known": "Nom inconnu",
    "Stage and segments: {all}": "Étape et segments : {all}",
    "reach": "contact",
    "acquisition": "acquisition",
    "conversion": "conversion",
    "retention": "fidélisation",
    "Orders: {number}": "Commandes : {number}",
    "{amount} in all": "{amount} au total",
    "refunded": "remboursée",
    "no total": "sans total",
    "{day}: {said}": "{day} : {said}",
    "Sizes: {all}": "Tailles : {all}",
    "unnamed product": "article sans nom",
    "size {size}": "taille {size}",
    "In the basket:": "Dans le panier :",
    "Looked at:": "Articles vus :",
    "Open support case since {day}: {subject}": "Demande au service client ouverte depuis le {day} : {subject}",
    "no subject": "sans objet",
    "Loyalty: {all}": "Fidélité : {all}",
    "{number} points": "{number} points",
    "since {day}": "depuis le {day}",
    "member": "membre",
    "Offers: {all}": "Offres : {all}",
    "{topics} by {channel}": "{topics} par {channel}",
    "none agreed to": "aucune acceptée",
    "email": "e-mail",
    "sms": "SMS",
    "push": "notification",
    "Favourite store: {store}": "Magasin préféré : {store}",
    "Last visit: {said}": "Dernière visite : {said}",
    "Birthday: {day}": "Anniversaire : {day}",
    "today": "aujourd’hui",
    "tomorrow": "demain",
    "in {number} days": "dans {number} jours",
    "Would recommend us: {score} of 10, {kind} ({day})": "Nous recommanderait : {score} sur 10, {kind} ({day})",
    "promoter": "promoteur",
    "passive": "neutre",
    "detractor": "détracteur",
    "Satisfaction: {score} of 5 ({day})": "Satisfaction : {score} sur 5 ({day})",
    "There is more: what happened on some of the person's devices was not looked at.": (
        "Ce n’est pas tout : certains appareils de la personne n’ont pas été regardés."
    ),
}
"""By their English."""
