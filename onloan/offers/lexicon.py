"""Words that give away what no offer may say, in six languages; written without accents, in small letters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """What some words mean, in whichever language. ``is_doubtful``: they may be harmless; look."""

    code: str
    says: str
    mend: str
    patterns: tuple[str, ...]
    is_doubtful: bool = False


LEXICON: tuple[Meaning, ...] = (
    Meaning(
        "E-WAIVER",
        "would have no end",
        "Nothing in an offer lasts for ever; a permission has term_days.",
        (
            r"in perpetuity|perpetual(ly)?|forever|for ever|unlimited in time|without limit of time|no end date",
            r"a perpetuite|perpetuel\w*|a vie\b|sans limit\w+ de duree|duree illimitee",
            r"pour toujours(?! (mieux|plus|moins))",
            r"unbefristet\w*|auf ewig|zeitlich unbe(schrankt|grenzt)\w*|fur immer",
            r"a perpetuidad|para siempre|sin limite temporal|indefinidamente",
            r"in perpetuo|per sempre|senza limiti di tempo",
            r"voor altijd|eeuwigdurend\w*|onbeperkt in tijd",
        ),
    ),
    Meaning(
        "E-WAIVER",
        "could not be taken back",
        "Every permission can be taken back at any time.",
        (
            r"irrevocabl[ey]|cannot be (withdrawn|revoked|taken back)|no right to (withdraw|object|erase\w*)",
            r"irrevocable(ment)?|ne (peut|peuvent) etre retire\w*|sans possibilite de retrait",
            r"unwiderruflich\w*",
            r"irrevocable(mente)?|no podra\w* retirar\w*",
            r"irrevocabil\w+",
            r"onherroepelijk\w*",
        ),
    ),
    Meaning(
        "E-WAIVER",
        "gives up a right",
        "A right cannot be given up, not even for money.",
        (
            r"waiv(e|es|ed|er|ing)\b|release\w* all claims|release\w* of all claims|renounc\w+",
            r"give\w* up (any|all|the|your|their|his|her) rights?",
            r"renonc(e|ent|ez|er|ons|iation)s?",
            r"verzicht(e|et|en)?\b",
            r"renunci(a|an|as|ar)\b",
            r"rinunci(a|ano|are)\b",
            r"doet afstand|afstand doen",
        ),
    ),
    Meaning(
        "E-WAIVER",
        "leaves people unasked, untold or unpaid",
        "People are told, asked and paid as the offer says.",
        (
            r"without (any )?((further|additional|prior) )?(notice|notification|review|approval|payment)",
            r"without (any )?((further|additional|prior) )?(consideration|compensation|being (asked|told|paid))",
            r"sans (autre )?(preavis|notification|examen|paiement|contrepartie|avis prealable|accord)",
            r"ohne (weitere |vorherige )?(benachrichtigung|vergutung|ankundigung|zustimmung)",
            r"sin (previo aviso|aviso previo|pago alguno|contraprestacion)",
            r"senza (ulterior[ei] |alcun )?(avviso|compenso|preavviso)",
            r"zonder (verdere |voorafgaande )?(kennisgeving|betaling|vergoeding)",
        ),
    ),
    Meaning(
        "E-IMAGE-SCOPE",
        "names no place",
        "Name channels from the list.",
        (
            r"(any|all)( and all)? (media|medium)|now known or (later|hereafter)",
            r"tous (les )?(medias|supports)|connus ou inconnus",
            r"alle[nr]? medien|bekannt oder unbekannt",
            r"cualquier medio|todos los medios",
            r"qualsiasi mezzo|tutti i mezzi",
            r"alle media\b",
        ),
    ),
    Meaning(
        "E-TERRITORY",
        "names no country",
        "Name countries.",
        (
            r"world-?wide|throughout the (world|universe)|anywhere in the world|all over the world",
            r"(le )?monde entier|toute la planete",
            r"weltweit\w*",
            r"(en )?todo el mundo",
            r"(in )?tutto il mondo",
            r"wereldwijd\w*",
        ),
    ),
    Meaning(
        "E-SALE-WORDING",
        "speaks of data as of a thing to be sold",
        "Data is shown for a while and taken back at will, never sold or ceded.",
        (
            r"sell(s|ing)?\b|sold\b|assign(s|ed|ment)?\b|transfer(s|red)? (of )?ownership",
            r"vend(re|ons|ez|ent|ue?s?)\b|ced(e|er|ere|ons|ez|ent)\b|cession\w*",
            r"verkauf\w*|abtret\w*|abtritt",
            r"vender\b|vendemos|cesion\w*|cedemos",
            r"vendere\b|vendiamo|cediamo|cessione\b",
            r"verkop(en|t)\b|overdrag(en|t)\b",
        ),
    ),
    Meaning(
        "E-WITHDRAWAL-COST",
        "makes people pay for changing their mind",
        "Taking back costs nothing and takes back nothing.",
        (
            r"claw-?backs?|forfeit\w*|indemnif\w+|lose (your|their|all|any) (reward|pot|voucher)s?",
            r"restitution en cas de retrait|indemniser|perd(ez|ent|re) (votre|leur|la|sa) (cagnotte|recompense)",
            r"ruckforderung\w*|schadens?ersatz",
            r"devolver si revoca|indemnizar",
            r"restituire in caso di revoca|indennizz\w+",
            r"terugbetalen bij intrekking",
        ),
    ),
    Meaning(
        "E-UNFAIR-TERM",
        "lets the merchant decide or change at will",
        "Say what decides; a published offer does not change.",
        (
            r"(sole|absolute) discretion|at any time (and )?for any reason",
            r"reserves? the right to (change|modify|cancel|amend|suspend)",
            r"(seule|entiere) discretion|se reserve le droit de (modifier|annuler|changer)",
            r"nach (eigenem|freiem) ermessen|behal\w+ sich (das recht )?vor",
            r"a su (entera|sola) discrecion|se reserva el derecho",
            r"a propria (esclusiva )?discrezione|si riserva il diritto",
            r"naar eigen goeddunken|behoudt zich het recht voor",
        ),
    ),
    Meaning(
        "E-UNFAIR-TERM",
        "could be a one-sided term",
        "Check that it does not exclude the merchant's own fault or people's own court.",
        (
            r"not (be )?liable|no liability|exclusive jurisdiction|binding arbitration|final decision",
            r"aucune responsabilite|decision sans appel|competence exclusive",
            r"keine haftung|rechtsweg ist ausgeschlossen",
            r"ninguna responsabilidad",
            r"nessuna responsabilita",
            r"niet aansprakelijk",
        ),
        is_doubtful=True,
    ),
    Meaning(
        "E-PRESSURE",
        "presses people",
        "The only deadline is the closing day.",
        (
            r"hurry|last chance|only today|act now|limited time|don'?t miss|before it'?s too late",
            r"depechez-vous|derniere chance|seulement aujourd'?hui|vite\s*!|ne ratez pas|offre limitee",
            r"nur heute|letzte chance|beeil\w+",
            r"solo hoy|ultima oportunidad|date prisa",
            r"solo oggi|ultima occasione|affrettat\w+",
            r"alleen vandaag|laatste kans",
        ),
    ),
    Meaning(
        "E-FALSE-WIN",
        "says that somebody has won",
        "Nobody has anything until it is earned.",
        (
            r"you('ve| have) won|congratulations|you are a winner",
            r"vous avez gagne|felicitations",
            r"sie haben gewonnen|herzlichen gluckwunsch",
            r"has ganado|ha ganado|enhorabuena",
            r"hai vinto|congratulazioni",
            r"u heeft gewonnen|gefeliciteerd",
        ),
    ),
    Meaning(
        "E-UP-TO",
        "hides what people get",
        "Write the amount that each person gets; the headline is computed.",
        (
            r"up to [£€$]?\s*\d",
            r"jusqu'?a \d",
            r"bis zu \d",
            r"hasta \d",
            r"fino a \d",
            r"tot \d",
        ),
    ),
    Meaning(
        "E-TAX-CLAIM",
        "promises something about taxes",
        "Say it otherwise, or leave it out.",
        (
            r"tax(-|\s)?free|free of tax",
            r"net d'?impots?|non imposable",
            r"steuerfrei\w*",
            r"libre de impuestos",
            r"esentasse",
            r"belastingvrij",
        ),
    ),
    Meaning(
        "E-COMPLAINT-BAR",
        "stands between people and the authority",
        "People may complain to the authority at once.",
        (
            r"must first (contact|complain)|before (you )?(complain|contact)\w* (to )?the (authority|regulator)",
            r"doi(t|vent|s|vez) d'?abord (nous |se )?(contacter|plaindre)",
            r"zunachst an uns",
        ),
    ),
)
