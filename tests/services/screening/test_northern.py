"""German, Dutch, Swedish, Danish, Norwegian and Finnish labels: derived ingredients, traps and clauses."""

from collections.abc import Mapping

import pytest

from backend.schemas.screening import Verdict
from tests.labels import allergy, judged

DERIVED = {
    "de": """
        milk: Süßmolkenpulver; Natriumkaseinat; Butterreinfett; Schlagobers; Magertopfen; Rahmpulver
        milk: Vollmilchkuvertüre; Molkeneiweißisolat; Ziegenfrischkäse; Speisequarkzubereitung
        gluten: Hartweizengrieß; Grünkernschrot; Seitan; Roggenvollkornschrot; Gerstenmalzextraktpulver
        gluten: Dinkelvollkornbrösel; Bulgur; Semmelbrösel; Haferschmelzflocken; Weizeneiweißhydrolysat
        eggs: Eiklarpulver; Hühnervollei; Eigelbpulver; Salatmayonnaise; Eierteigwaren; Trockeneigelb
        fish: Sardellenpaste; Surimi; Räucherlachswürfel; Worcestersauce; Alaska-Seelachsfilet
        nuts: Haselnussmark; Marzipanrohmasse; Nussnougatcreme; Cashewbruch; Pistaziencreme
        nuts: Walnusskernstücke
        soybeans: Sojalecithin; Tofuwürfel; Edamame; Sojaeiweißkonzentrat
        sesame: Tahin; Sesammus
        sulphites: Kaliummetabisulfit; Schwefeldioxid
        celery: Knollensellerie; Selleriesaatextrakt
        mustard: Senfsaatmehl; Dijonsenf
        crustaceans: Nordseekrabbenfleisch; Garnelenextraktpulver
        molluscs: Miesmuschelfleisch; Tintenfischringe
        peanuts: Erdnussmus
        lupin: Süßlupinenmehl
    """,
    "nl": """
        milk: zoeteweipoeder; calciumcaseïnaat; magere melkpoeder; boterconcentraat; karnemelkpoeder
        milk: slagroom; kwark; geitenkaas; weieiwitconcentraat
        gluten: tarwebloem; griesmeel; gerstemoutextract; havervlokken; roggemeel; speltvlokken
        gluten: paneermeel; seitan; tarwezetmeelstroop
        eggs: scharreleigeel; kippeneiwitpoeder; heeleipoeder; mayonaise; eierkoeken
        fish: ansjovispasta; tonijnstukken; kabeljauwfilet; vissaus; surimi
        nuts: amandelspijs; hazelnootpasta; cashewnotenstukjes; walnotenolie; marsepein
        soybeans: sojalecithine; tahoe; ketjap; soja-eiwit; sojavlokken
        peanuts: pindakaas; satésaus
        sesame: sesampasta; tahin
        sulphites: natriummetabisulfiet; zwaveldioxide
        celery: knolselderij
        mustard: mosterdzaadextract
        crustaceans: garnalenpoeder; trassi
        molluscs: mosselvlees; inktvisringen
        lupin: lupinemeel
    """,
    "sv": """
        milk: vassleproteinpulver; gräddpulver; skummjölkspulver; kvarg; smörolja; ostpulver
        milk: natriumkaseinat; prästost; yoghurtpulver
        gluten: vetemjöl; rågsurdeg; kornmaltsvinäger; havregrynsmjöl; durumvetesemolina; ströbröd
        gluten: mannagryn; couscous; dinkelflingor
        eggs: äggulepulver; äggvitepulver; majonnäs; heläggspulver; hönsägg
        fish: ansjovisextrakt; löjrom; torskfiléer; strömming; sejfärs; surimi
        nuts: mandelmassa; hasselnötspasta; cashewkärnor; valnötskärnor; nougatkräm; pistagekräm
        soybeans: sojalecitin; tofu; sojasås; sojabönmjöl
        peanuts: jordnötssmör; jordnötsbitar
        sesame: tahini; sesamfrön
        sulphites: kaliumdisulfit; svaveldioxid
        celery: rotselleri
        mustard: senapsfrön
        crustaceans: räkpulver; kräftstjärtar
        molluscs: blåmusslor; bläckfiskringar
        lupin: lupinmjöl
    """,
    "da": """
        milk: vallepulver; skummetmælkspulver; piskefløde; smørolie; kærnemælkspulver; natriumkaseinat
        milk: flødeost; danbo; kvark
        gluten: hvedemel; rugsurdej; bygmaltekstrakt; havregryn; durumhvedesemulje; rasp; mannagryn
        gluten: speltflager
        eggs: æggehvidepulver; æggeblommer; remoulade; helægspulver
        fish: ansjospasta; torskerogn; makrelfilet; laksesalat; fiskeboller
        nuts: mandelmel; hasselnøddepasta; marcipan; valnøddekerner; cashewkerner
        soybeans: sojalecithin; soyasauce; tofu
        peanuts: jordnøddesmør
        sesame: sesamfrø
        sulphites: natriumdisulfit; svovldioxid
        celery: knoldselleri
        mustard: sennepsfrø
        crustaceans: rejepulver; krebsehaler
        molluscs: blåmuslinger
        lupin: lupinmel
    """,
    "no": """
        milk: mysepulver; skummetmelkpulver; kremfløte; rømme; brunost; natriumkaseinat; melkeprotein
        milk: kesam; smørolje
        gluten: hvetemel; rugmel; byggmaltekstrakt; lettkokte havregryn; semulegryn; kavring; speltflak
        gluten: strøkavring
        eggs: eggeplommer; eggehvitepulver; majones; helegg
        fish: ansjosfileter; tørrfisk; hysefilet; fiskekraft; makrell i tomat
        nuts: mandelmasse; hasselnøttpasta; marsipan; valnøttkjerner; cashewnøtter
        soybeans: soyalecitin; soyasaus; tofu
        peanuts: peanøttsmør
        sesame: sesamfrø
        sulphites: natriumdisulfitt; svoveldioksid
        celery: sellerirot
        mustard: sennepsfrø
        crustaceans: rekepulver; sjøkreps
        molluscs: blåskjell; kamskjell
        lupin: lupinmel
    """,
    "fi": """
        milk: herajauhetta; rasvatonta maitojauhetta; kermajauhetta; natriumkaseinaattia; rahkaa; voita
        milk: juustojauhetta; heraproteiinitiivistettä; piimää
        gluten: vehnäjauhoja; ohramallasuutetta; ruisrouhetta; kaurahiutaleita; mannasuurimoita
        gluten: korppujauhoja; speltti; vehnägluteenia
        eggs: kananmunanvalkuaisjauhetta; munankeltuaista; majoneesia; kokomunajauhetta
        fish: anjovista; lohta; silakkaa; tonnikalaa; kalakastiketta
        nuts: mantelimassaa; hasselpähkinämassaa; saksanpähkinöitä; cashewpähkinöitä; marsipaania
        soybeans: soijalesitiiniä; soijakastiketta; tofua
        peanuts: maapähkinävoita
        sesame: seesaminsiemeniä
        sulphites: natriumdisulfiittia; rikkidioksidia
        celery: juuriselleriä
        mustard: sinapinsiemeniä
        crustaceans: katkarapuja; äyriäisiä
        molluscs: sinisimpukoita
        lupin: lupiinijauhoa
    """,
}

TRAPS = {
    "de": """
        milk: Milchsäure; Kokosmilchpulver; Kakaobutter; Sheabutter; Natriumlactat; Butternusskürbis
        milk: Sojamilch; Mandelmilch; Reismilchgetränk
        nuts: Muskatnuss; Kokosnussmilch; Butternusskürbis; Nussschinken; Erdmandeln
        gluten: Buchweizenmehl; Maisgrießmehl; Kartoffelstärke; Reisnudeln
        eggs: Auberginen (Eierfrucht); Eisbergsalat; Weizeneiweiß; Eierschwammerl
        fish: Lachsschinken
        molluscs: Austernpilze
    """,
    "nl": """
        milk: melkzuur; kokosmelk; cacaoboter; pindakaas; sheaboter; natriumlactaat; sojamelk; havermelk
        nuts: nootmuskaat; kokosnootmelk; muskaatnoot; pepernoten van rijst; aardamandelen
        gluten: boekweitmeel; maïszetmeel; rijstbloem
        eggs: tarwe-eiwit
        molluscs: oesterzwammen
        milk: calciumlactaat; rijstmelk
    """,
    "sv": """
        milk: mjölksyra; kokosmjölk; kakaosmör; kokosgrädde; natriumlaktat; sojamjölk; havremjölk
        milk: jordnötssmör; smörsopp
        nuts: muskotnöt; kokosnötsmjölk; nötkött; nötfärs; mandelpotatis; jordmandlar
        gluten: bovetemjöl; majsstärkelse; pepparkorn; senapskorn; rismjöl
        molluscs: ostronskivling
        milk: sheasmör
    """,
    "da": """
        milk: mælkesyre; kokosmælk; kakaosmør; natriumlactat; sojamælk; havremælk; sheasmør
        milk: jordnøddesmør
        nuts: muskatnød; kokosnøddemælk; jordmandler
        gluten: boghvedemel; majsstivelse; peberkorn; rismel
        molluscs: østershatte
        milk: calciumlactat
        gluten: kartoffelmel
    """,
    "no": """
        milk: melkesyre; kokosmelk; kakaosmør; natriumlaktat; soyamelk; havremelk; peanøttsmør; sheasmør
        nuts: muskatnøtt; kokosnøtt; jordmandler
        gluten: bokhvetemel; maisstivelse; pepperkorn; rismel
        molluscs: østerssopp
        milk: kalsiumlaktat; rismelk
        gluten: potetmel
    """,
    "fi": """
        milk: maitohappo; kookosmaito; kaakaovoi; natriumlaktaatti; soijamaito; kauramaito
        milk: maapähkinävoi; sheavoi
        nuts: muskottipähkinä; kookospähkinä; maamanteli
        gluten: tattarijauho; maissitärkkelys; riisijauho
        eggs: munakoiso
        molluscs: osterivinokas
        milk: kalsiumlaktaatti; riisimaito
        gluten: perunajauho
    """,
}


def _cases(lists: Mapping[str, str]) -> list[tuple[str, str, str]]:
    return [
        (phrase, code, language)
        for language, lines in lists.items()
        for code, _, phrases in (line.strip().partition(": ") for line in lines.strip().splitlines())
        for phrase in phrases.split("; ")
    ]


@pytest.mark.parametrize(("phrase", "code", "language"), _cases(DERIVED))
def test_a_derived_ingredient_is_what_it_is_made_from(phrase: str, code: str, language: str) -> None:
    assert judged(phrase, allergy(code), lang=language)[0] is Verdict.CONTAINS


@pytest.mark.parametrize(("phrase", "code", "language"), _cases(TRAPS))
def test_a_trap_word_is_none(phrase: str, code: str, language: str) -> None:
    assert judged(phrase, allergy(code), lang=language, law="eu")[1] == ()


@pytest.mark.parametrize("language", list(DERIVED))
def test_every_language_has_its_share_of_phrases(language: str) -> None:
    assert len(_cases({language: DERIVED[language]})) >= 30
    assert len(_cases({language: TRAPS[language]})) >= 15
