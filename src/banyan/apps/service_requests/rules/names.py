"""Names of people in Chinese and English text: behind a cue, before a title, beside a number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

#: What `rules.personal` puts where something has been found.
_FOUND: Final = "\ue000"

# --- Chinese ---------------------------------------------------------------------------------------------------------

#: Surnames of the report of the Ministry of Public Security (2021) and of the Hundred Family Surnames that are in use.
_SURNAMES: Final = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付"
    "方邹熊白孟秦邱侯江尹薛闫雷段龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文洪季邢祝池焦巫卞屈鲍华喻左柯伍游艾翁庄温牛纪舒关岳齐"
    "欧章施樊殷颜倪俞鲁葛聂安申耿辛裴路霍柳詹管宁房甘苗骆涂包霍翟凌盛童靳单曲项成简冉饶尚饶牟阮蓝古蒲穆应桂麦冼邝简区尧岑符凤花娄谷官车"
    "宫卫缪解尤阳梅米代商滕佟仇查窦苑司敖连卓茅郁宗储翟蔺占战丛桑党隋楚晏卜席贝冷鞠闵仲栾景褚荀虞逯苟鄢鄂邬鞠臧楼靖褟霞"
)
_COMPOUND: Final = "欧阳|司徒|上官|诸葛|司马|夏侯|皇甫|尉迟|长孙|慕容|令狐|宇文|轩辕|端木|公孙|东方|南宫|闻人|申屠|钟离"
#: Two characters that begin like a name and are a word.
_WORDS: Final = frozenset(
    (  # noqa: SIM905 - a list of words reads as words
        "房东 房屋 房子 房间 高层 高空 高压 高温 高校 高中 高速 高峰 商户 商家 商铺 商场 商业 商量 方向 "
        "方便 方面 常住 常年 常常 单位 单元 单车 单独 路人 路过 路灯 路面 路边 路口 路段 路上 车主 车位 "
        "车库 车辆 车牌 车子 金融 江边 万科 万达 华润 安全 安静 安装 安排 平时 明天 水管 温馨 温度 雷雨 "
        "毛病 毛坯 马上 马路 黄色 黄线 白色 白天 石头 石板 石墩 花园 花坛 花盆 田地 林业 林木 林荫 杨树 "
        "柳树 夏天 夏季 常客 连续 连接 连日 盛夏 关于 关门 关闭 古树 古镇 于是 成年 成功 程度 应该 应急 "
        "祝您 计划 向您 向上 向下 向前 向阳 文明 文化 文件 康复 万一 宁可 宁愿 温泉 江南 武汉 左边 左右 "
        "项目 池塘 段时 谷物 龙头 叶子 游客 游泳 游乐 费用 解决 解释 蓝色 宫殿 司机 司法 包括 包装 官方 "
        "查看 查询 查处 查一 代表 代理 代为 米饭 党员 党委 景区 景观 席位 冷气 冷水 靖江 连着 连楼 尤其 "
        "阳台 阳光 梅花 楼上 楼下 楼道 楼栋 楼顶 楼长 楼梯 卫生 卫浴 管道 管理 管线 管委 任何 任务 何时 "
        "何况 何人 顾客 严重 严格 莫名 常见 易燃 易碎 文具 季节 洪水 汤圆 童年 童车 单据 成都 成员 简单 "
        "简易 关注 关心 关系 欧洲 安保 安康 申请 申报 辛苦 辛勤 章程 施工 施救 齐全 舒服 舒适 温暖 牛奶 "
        "牛肉 庄园 艾草 伍佰 左侧 左转 华侨 华人 喻为 江水 江北 江滨 孔洞 康乐 金属 金额 石材 石油 范围 "
        "陆续 陆地 姜汤 沈阳 钟表 钟头 任意 丁字 程序 叶片 杜绝 余款 余下 余额 许多 许可 唐突 宋体 谢谢 "
        "梁柱 郑州 罗列 林区 何必 胡同 胡乱 朱红 马桶 马达 孙子 孙女 徐徐 周边 周围 周末 周一 周二 周三 "
        "周四 周五 周六 周日 周期 黄昏 黄土 陈旧 陈列 张贴 张灯 田间 董事 于此 段落 龙井 文字 向右 向左 "
        "区域 区内 区里 应对 应当 成片 成本 房门 房顶 房主 房客 花草 花木 花店 包工 包裹 游玩 盛开 殷切 "
        "常务 高新 高龄 高价 高达 "
    ).split()
)
#: Characters that hardly stand in a given name: behind them a sentence goes on.
_GOES_ON: Final = (
    "的了是在有和与及或也都不没说讲打来去要把被让给对从向到已将请找因所报投称问很就又还会能可住家电手联反您你我他她它们这那个位为以"
    "楼栋号室路街巷村镇区县市省院店局所站处科队组层幢座员户主人者边面里内外旁门口梯灯水管道坏漏脏乱吵停堵臭缺少多"
)
_GIVEN: Final = rf"(?:[\u4e00-\u9fff·](?<![{_GOES_ON}]))"
_ONE_NAME: Final = rf"(?:(?:{_COMPOUND}){_GIVEN}{{1,2}}|[{''.join(sorted(_SURNAMES))}]{_GIVEN}{{1,2}})"
#: Behind these a name follows at once.
_STRONG: Final = re.compile(
    r"(?:我(?:的名字)?叫|我名叫|名字(?:叫|是)|我的姓名是?|姓名|联系人|投诉人|报修人|报案人|反映人|申请人|收件人|当事人|经办人|找一下|本人姓名)"
    rf"(?:叫做?|名叫|是|为|[\s:,、])*(?P<it>{_ONE_NAME})"
)
#: Behind these a name follows where a sign or a verb says so.
_WEAK: Final = re.compile(
    r"(?:本人|业主|住户|户主|房东|租客|租户|邻居|老人|老伴|母亲|父亲|妈妈|爸爸|孩子|儿子|女儿|店主|老板|负责人|物业|网格员|员工|司机)"
    rf"(?:名?叫做?|姓名|的名字[叫是]|是?[\s]*:|\()\s*(?P<it>{_ONE_NAME})"
)
_BEHIND_I_AM: Final = re.compile(
    rf"(?:我是|本人是?|我姓)\s*(?P<it>{_ONE_NAME})(?=$|[\s,。.;!:、()\d{_FOUND}]|住在|家住|电话|手机|联系)"
)
_SURNAME_ALONE: Final = re.compile(rf"(?:我|本人|免贵)姓\s*(?P<it>[{''.join(sorted(_SURNAMES))}])")
_TITLE: Final = re.compile(
    r"先生|女士|小姐|太太|阿姨|叔叔|大叔|大爷|大伯|大妈|大姐|大哥|奶奶|爷爷|婆婆|伯伯|师傅|老师|医生|护士|律师|经理|主任|书记|科长|局长|校长|同志|警官"
)
#: Surnames that are more often a word of the sentence; before a title they count only alone.
_MOSTLY_WORDS: Final = frozenset("和于时都有向关成应从由任何单查代连管路车花区解包")
_BESIDE_NUMBER: Final = re.compile(
    rf"(?:(?<=[\s,。;:、(])|^|(?<=联系|致电|打给|电话))(?P<it>{_ONE_NAME})(?=[\s,:、(]{{0,3}}(?:电话|手机|tel)?[\s:]{{0,2}}{_FOUND})"
    rf"|{_FOUND}[\s,:、(]{{0,3}}(?P<behind>{_ONE_NAME})(?=$|[\s,。;!:、)])"
)


def name_hits(plain: str) -> Iterator[tuple[int, int]]:
    """Yield where names stand in a text whose wide characters have been made narrow."""
    for pattern in (_STRONG, _WEAK, _BEHIND_I_AM, _BESIDE_NUMBER):
        for hit in pattern.finditer(plain):
            group = "it" if hit["it"] else "behind"
            if not _is_word(hit[group]):
                yield hit.span(group)
    yield from (hit.span("it") for hit in _SURNAME_ALONE.finditer(plain))
    yield from _before_titles(plain)
    yield from _english(plain)


def _is_word(name: str) -> bool:
    return name[:2] in _WORDS


def _before_titles(plain: str) -> Iterator[tuple[int, int]]:
    """Find the longest name that ends where a title begins; the title itself may stay."""
    for title in _TITLE.finditer(plain):
        end = title.start()
        for n in (4, 3, 2, 1):
            name = plain[max(0, end - n) : end]
            if len(name) == n and _is_name(name):
                yield end - n, end
                break


def _is_name(name: str) -> bool:
    if re.fullmatch(rf"(?:{_COMPOUND})(?:{_GIVEN}){{0,2}}", name):
        return True
    if len(name) > 3 or name[0] not in _SURNAMES or _is_word(name):
        return False
    if len(name) == 1:
        return name not in "和于都向成应管路车花区解包查连"
    return name[0] not in _MOSTLY_WORDS and re.fullmatch(rf"(?:{_GIVEN})+", name[1:]) is not None


# --- English ---------------------------------------------------------------------------------------------------------

_CAPITAL: Final = r"(?:[OD]['’]|Ma?c)?[A-Z][a-z]+(?:[-'’][A-Z]?[a-z]+)?"
_FULL: Final = rf"{_CAPITAL}(?: (?:[A-Z]\. ?)?(?:van |de |von )?{_CAPITAL}){{0,2}}"
_NO_NAMES: Final = (
    r"(?!(?:The|A|An|My|Your|Our|This|That|Please|Chinese|American|British|English|French|German|Indian|Not|No|Very|Sorry|"
    r"Writing|Calling|Reporting|City|Town|Public|Street|Road|It|We|I|And|Owner|Resident|Also|Just|On|At|In|For)\b)"
)
_STOP_WORDS: Final = (
    r"(?!(?:and|i|my|from|at|in|on|of|the|not|is|to|who|living|calling|phone|please|but|with|for|name)\b)"
)
_MY_NAME: Final = re.compile(
    rf"\b(?i:my (?:full |last |first )?name is|name is|the name's|i am called)[ :]+"
    rf"(?P<it>(?:(?i:{_STOP_WORDS})[A-Za-z][A-Za-z'’.-]*)"
    rf"(?: (?i:{_STOP_WORDS})[A-Za-z][A-Za-z'’-]*){{0,2}})"
)
_NAME_FIELD: Final = re.compile(
    rf"\b(?i:name|contact|contact person|reported by|signed)[ ]?:[ ]*(?P<it>{_NO_NAMES}{_FULL})"
)
_I_AM: Final = re.compile(
    rf"\bI(?: am|['’]m) (?P<it>{_NO_NAMES}{_FULL})"
    rf"(?=$|[,.;!?)\n{_FOUND}]| (?:from|and|of|at|in|on|living|calling|who|phone|my)\b)"
)
_HONORIFIC: Final = re.compile(rf"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Madam)\.? (?P<it>(?:[A-Z]\. ?)?{_FULL})")
_ASK_FOR: Final = re.compile(rf"\b(?i:ask for|speak (?:to|with))[ ]+(?P<it>{_NO_NAMES}{_FULL})")
_CALL: Final = re.compile(
    rf"\b(?i:call|contact|phone|ring|text|reach|email|e-mail)[ ]+(?P<it>{_NO_NAMES}{_FULL})"
    rf"(?=[ ,:(]{{0,2}}(?:on|at|by phone)?[ :(]{{0,2}}{_FOUND})"
)
_SIGNED: Final = re.compile(
    rf"(?i:regards|sincerely|yours|thanks|thank you|cheers)[,.!]?\s+"
    rf"(?P<it>{_NO_NAMES}{_FULL})\s*[.!]?\s*(?=$|{_FOUND}|\n)"
)
_CAPITAL_BESIDE: Final = re.compile(
    rf"(?P<it>{_NO_NAMES}{_CAPITAL} {_CAPITAL})(?=[ ,:(]{{1,3}}(?:tel|phone|mobile)?[ .:]{{0,2}}{_FOUND})"
)
_STREET_WORDS: Final = re.compile(
    r"\b(?:Street|St|Road|Rd|Avenue|Ave|Lane|Park|Square|Gate|Bridge|Building|Block|Works|Office|Police|Station|Garden|"
    r"Gardens|Court|Department|Centre|Center|School|Hospital|Hall|Place|Drive|Line|Desk|Hotline)$"
)


def _english(plain: str) -> Iterator[tuple[int, int]]:
    for pattern in (_MY_NAME, _NAME_FIELD, _I_AM, _HONORIFIC, _ASK_FOR, _CALL, _SIGNED, _CAPITAL_BESIDE):
        for hit in pattern.finditer(plain):
            if not _STREET_WORDS.search(hit["it"]):
                yield hit.span("it")
