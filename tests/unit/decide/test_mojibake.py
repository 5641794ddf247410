"""Damaged letters: what is repaired, and that no honest name is."""

# ruff: noqa: RUF001 - letters of other alphabets are what this is about

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.decide.mojibake import readings, repaired
from tests.merging import misread

REAL = """
Ænima|Sigur Rós|Žižek|Émilie Simon|Ágætis byrjun|Hoppípolla|Sæglópur|Múm|Ólafur Arnalds|Jónsi|Ásgeir|Röyksopp
Þursaflokkurinn|Motörhead|Mötley Crüe|Blue Öyster Cult|Queensrÿche|Hüsker Dü|Die Ärzte
Die Toten Hosen – Bis zum bitteren Ende|Element of Crime|Grönemeyer|Böhse Onkelz|Einstürzende Neubauten
Fräulein Menke|Schöne neue Welt|Über den Wolken|Spaß…|Größenwahn|Für Elise|Björk|Bjørn Eidsvåg|Mø|MØ|Kærlighed
Rødgrød med fløde|Søren|Kim Larsen & Bellami|TV·2|Trentemøller|Tørst|Åge Aleksandersen|Håkan Hellström
Första Aid Kit|Lars Winnerbäck|Ängel|Åsa|Västerbron|Så länge|Öppna landskap|ÅÄÖ|ÄÖÅ|Åäö|Å|Ö|Øø|ÆØÅ|Æ Ø Å|æøå
Värttinä|Eppu Normaali – Tahroja paperilla|Ääniä|Öö|öö|Öökull|Yö|Jää|Hää|Mäkki|Tõnis Mägi|Õhtu ilu|Ühte laulu
Vennaskond – Õ|Édith Piaf|Édith Piaf – Non, je ne regrette rien|Françoise Hardy|Noir Désir|Téléphone|Indochine
Étienne Daho|Zaz – Éblouie|Mylène|Céline Dion|D’eux|Stéphane Eicher|Amélie-les-Crayons|Jacques Brel – Ces gens-là
Où va le monde|À tout à l’heure|À|Çà et là|Ça ira|Été 67|L’Été indien|Hélène Ségara|Château|Noël|Maïs|Saül|Ambiguë
Cœur de pirate|Œdipe|Sœur Sourire|CAFÉ…|CAFÉ”|«CAFÉ»|“Olé”|OLÉ™|DÉJÀ VU|DÉJÀ–VU|FORÊT|NOËL|ÉTÉ|ÇA|ÎLE|ÂGE|ÔTÉ|ÙÙÙ
café–“bar”|“Café”…|What a café…”|l’été–l’hiver|‘Naïve’|naïve…|Beyoncé|Beyoncé…|Maná|Café Tacvba
Molotov – ¿Dónde jugarán las niñas?|Ñ|ñ|“Ñ”|Ñandú|El Niño|NIÑO|ESPAÑA|AÑO|Los Fabulosos Cadillacs – ¡Matador!
Mecano – Aidalai|Héroes del Silencio|Julieta Venegas – Sí|Natalia Lafourcade – Hasta la Raíz|Joaquín Sabina|ÓÓÓ
Óscar|«ADIÓS»|João Gilberto|Antônio Carlos Jobim|Caetano Veloso – Você é linda|Águas de março|Construção
Seu Jorge – São Gonça|CORAÇÃO|AMANHÃ…|IRMÃ”|MAÇÃ”|Legião Urbana|Os Paralamas – Óculos|Tribalistas – Já sei namorar
Mônica Salmaso|Pão de Açúcar|Avô|Avó|LÁ–LÁ|PAPÃ–MAMÃ|Antonín Dvořák|Leoš Janáček|Bohuslav Martinů|Jiří Šlitr|Úžas
Úžasná|ÚŽASNÁ|Úšklebek|SNÍŽENÍ|MNÍŠEK|SPÍŠE|Žbirka|Čechomor|Kryštof|Lucie – Černý kočky, mokrý žáby|Škwor|Třinec
Ďáblice|Ňouma|Karel Plíhal|Česká|Elán – Voda čo ma drží nad vodou|Kúzla|Ľúbostná|Łąki Łan
Myslovitz – Długość dźwięku samotności|Lech Janerka – Historia podwodna|Świetliki|Grzegorz Turnau|Źródło|Żółw|Ćma|Ńń
Omega – Gyöngyhajú lány|Őszi dal|Űr|Illés – Szőke Anni|Hűség|Győr|Kispál és a Borz|Árvíztűrő tükörfúrógép|Művészet
Tarkan – Şımarık|Barış Manço|Müslüm Gürses|Sezen Aksu – Gülümse|Ağır Roman|İstanbul|Işık|Çağrı|Övünç|Üç
Mihai Edrișor – Țara|Phoenix – Cantofabule|Subcarpați|Ștefan Bănică|Înger|Româneşte|București|Ötzi|Ötzi & Ünal|Ü|ü|ß
Ä…|Ä–Z|A–Ä|“Å”|Ö…|É|É…|È|Í|AQUÍ…|ALLÍ”|LUNEDÌ…|PERCHÉ…|Perché…|CITTÀ|CITTÀ…|Così|Lucio Dalla – Caruso è|Þú|Þú ert|Þá
Það|Þið|Ég|Óð|Æ|æ|Öll lög|Íslensk|Ýmir|Sólstafir – Ótta|Ótta|Svartir Sandar|Skálmöld – Árás|Árás|Ó|Á|Áá|Кино|Ёлка|Её
её|Сё|Всё идёт по плану|ДДТ|Аквариум – Электрический пёс|Сплин|С…|Р…|“С”|Рё|Ляпис Трубецкой – Ў|Їжак|Океан Ельзи – Є
Гуси-лебеди|«Звери»|Ночные Снайперы|Μίκης Θεοδωράκης|Νάνα Μούσχουρη
שלום|فيروز|久石譲|坂本龍一|宇多田ヒカル|방탄소년단|한국어
AC/DC|†††|∆
°C-ute|µ-Ziq|Æon Flux|½ Alive|¡Forward, Russia!|¿Téo?|³|²|¹|Godspeed You! Black Emperor – F♯A♯∞|Sunn O)))|(((O)))
Kesha – Ke$ha|50 ¢|£1|100 %|§ 5|© 1987|® & ™|20 °C|«»|»«|…|–|—|“”|’|·|¨|´|¸|Ÿ|Š|Ž|Œ|ƒ|‰|€uro|Ðe|Ð|ÞÐ|×|Ø|ÒÓ
"""
NAMES = [name for line in REAL.strip().splitlines() for name in line.split("|")]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_no_honest_name_is_touched(form: str) -> None:
    """Names of many languages, alone, in capitals, quoted and before a dash: each stays as it is."""
    assert len(NAMES) > 300
    variants = ["{}", "{}…", "“{}”", "«{}»", "{}–{}", "{} ({})", "{}™"]
    touched = []
    for name in NAMES:
        for each in (name, name.upper(), name.lower()):
            texts = [unicodedata.normalize(form, variant.format(each, each)) for variant in variants]  # type: ignore[arg-type]
            touched += [(text, repaired(text)) for text in texts if repaired(text) != text]
    assert touched == []


def test_no_pair_of_letters_is_touched() -> None:
    """Any two letters of Windows-1252, alone and inside a word of plain letters, for what names the world may have."""
    letters = [char for byte in range(0xC0, 0x100) if (char := bytes([byte]).decode("cp1252")).isalpha()]
    texts = [a + b for a in letters for b in letters]
    assert [text for text in texts if repaired(text) != text] == []
    assert [text for pair in texts if repaired(text := f"n{pair}n") != text] == []


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("utf-8", "cp1252"), ("utf-8", "latin-1"), ("utf-8", "cp1251"), ("cp1251", "cp1252"), ("cp1251", "latin-1")],
)
@pytest.mark.parametrize(
    "name", ["Кино", "Группа крови", "Сплин – Выхода нет", "любовь", "ЗВЕЗДА ПО ИМЕНИ СОЛНЦЕ", "Всё (Live)"]
)
def test_russian_letters_are_repaired(name: str, written: str, read_as: str) -> None:
    """UTF-8 and Windows-1251 that were taken for something else, in any case."""
    assert repaired(misread(name, written, read_as)) == name


@pytest.mark.parametrize(
    "name", ["Björk", "Émilie Simon", "Die Ärzte", "Åsa", "Žižek", "Łąki Łan", "L’été", "Çağrı", "久石譲", "Σ’ αγαπώ"]
)
@pytest.mark.parametrize("read_as", ["cp1252", "latin-1"])
def test_utf8_is_repaired_in_any_language(name: str, read_as: str) -> None:
    """Also where it was read wrongly twice."""
    once = misread(name, "utf-8", read_as)
    assert repaired(once) == name
    assert repaired(misread(once, "utf-8", read_as)) == name


def test_koi8_is_repaired_where_capitals_tell() -> None:
    """Its small letters are Windows-1251's capitals, so that no word with a capital first can be both."""
    assert repaired(misread("Кино", "koi8-r", "cp1252")) == "Кино"
    assert repaired(misread("Группа крови", "koi8-r", "latin-1")) == "Группа крови"


@pytest.mark.parametrize("written", ["koi8-r", "cp1251"])
@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_words_without_capitals_become_no_other_ones(written: str, case: Callable[[str], str]) -> None:
    """Each of them could be Windows-1251 and KOI8-R: most are told apart, and the rest stays as it is."""
    words = [
        "звезда", "песня", "осень", "солнце", "снег", "река", "дорога", "мама", "земля", "вымерз",
        "рубежом", "пленять", "крылечко", "чему",
    ]  # fmt: skip
    damaged = {case(word): misread(case(word), written, "cp1252") for word in words}
    became = {word: repaired(each) for word, each in damaged.items()}
    assert [word for word in became if became[word] not in (word, damaged[word])] == []
    assert sum(became[word] == word for word in became) > 8


@pytest.mark.parametrize(
    ("text", "was"),
    [
        ("ÄÄÒ", "ДДТ"),
        ("ß", "Я"),
        ("Òû", "Ты"),
        ("äÄÔ", "Ддт"),
        (misread("Кино", "cp866", "cp1252"), "Кино"),
        ("Ã…", "Å"),
    ],
)
def test_what_is_not_sure_stays_but_could_have_been(text: str, was: str) -> None:
    """Where another track says so, it was."""
    assert repaired(text) == text
    assert was in readings(text)


@given(st.text(max_size=60) | st.text(st.characters(max_codepoint=0x17F), max_size=20))
def test_any_text_is_repaired_once(text: str) -> None:
    """Whatever it is, lone surrogates and control characters too: what was repaired is sound."""
    assert repaired(repaired(text)) == repaired(text)
    assert text not in readings(text) or text.isascii()


@given(st.text(st.sampled_from("абвгдежзиклмнопрстуфхчшыьэюя"), min_size=3, max_size=30))
def test_utf8_of_any_russian_letters_comes_back(text: str) -> None:
    """Two or more letters that are UTF-8 are no accident; only letters that look like honest signs may stay."""
    damaged = misread(text, "utf-8", "latin-1")
    assert repaired(damaged) == text
