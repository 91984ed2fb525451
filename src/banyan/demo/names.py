"""Bilingual names of the demonstration town.  Everything here is invented; no person, company or number is real.

Phone numbers begin with +999, a country code that is assigned to nobody; mail goes to example.org (RFC 2606).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np


@dataclass(frozen=True, slots=True)
class Name:
    """One name in both languages."""

    zh: str
    en: str


TOWN: Final = Name("榕江镇", "Rongjiang Town")
REGION: Final = Name("示范县", "Demonstration County")
RIVER: Final = Name("榕江", "Rong River")
CREEK: Final = Name("龙眼涌", "Longyan Creek")
SYNTHETIC: Final = Name(
    "虚构的演示城镇，一切人、事、地均为生成", "A fictional town: every person, place and event is generated"
)

COMMUNITIES: Final = {
    "rongyin": Name("榕荫社区", "Rongyin Community"),
    "jiangwan": Name("江湾社区", "Jiangwan Community"),
    "qiaonan": Name("桥南社区", "Qiaonan Community"),
    "wangjiang": Name("望江社区", "Wangjiang Community"),
    "longyan": Name("龙眼村", "Longyan Village"),
}

ESTATES: Final = (
    Name("翠榕苑", "Cuirong Court"),
    Name("文昌里", "Wenchang Terrace"),
    Name("榕荫新村", "Rongyin New Estate"),
    Name("东园小区", "Dongyuan Estate"),
    Name("北园小区", "Beiyuan Estate"),
    Name("荔枝湾花园", "Lychee Bay Garden"),
    Name("江湾一号", "Jiangwan One"),
    Name("江湾名庭", "Jiangwan Mansions"),
    Name("听涛轩", "Tingtao House"),
    Name("紫荆花园", "Bauhinia Garden"),
    Name("木棉雅居", "Kapok Residence"),
    Name("山语城", "Hillsong City"),
    Name("桥南新村", "Qiaonan New Estate"),
    Name("南堤小区", "Nandi Estate"),
    Name("纺织厂宿舍", "Textile Mill Quarters"),
    Name("糖厂新村", "Sugar Mill Estate"),
    Name("和顺苑", "Heshun Court"),
    Name("望江花园", "Wangjiang Garden"),
    Name("水岸华庭", "Waterside Court"),
    Name("教师新村", "Teachers' Estate"),
    Name("蓝月湾", "Blue Moon Bay"),
    Name("金榕城", "Golden Banyan City"),
    Name("星河湾畔", "Starlight Bank"),
    Name("南苑小区", "Nanyuan Estate"),
    Name("朝阳苑", "Chaoyang Court"),
    Name("丽江居", "Lijiang Homes"),
    Name("福榕苑", "Furong Court"),
)

ROADS: Final = {
    "binjiang_north": Name("滨江北路", "Binjiang North Road"),
    "binjiang_south": Name("滨江南路", "Binjiang South Road"),
    "wenchang": Name("文昌路", "Wenchang Road"),
    "rongyin": Name("榕荫路", "Rongyin Road"),
    "north_ring": Name("环镇北路", "North Ring Road"),
    "wangjiang": Name("望江路", "Wangjiang Road"),
    "sugar_mill": Name("糖厂路", "Sugar Mill Road"),
    "south_ring": Name("环镇南路", "South Ring Road"),
    "west_ring": Name("环镇西路", "West Ring Road"),
    "east_ring": Name("环镇东路", "East Ring Road"),
    "renmin": Name("人民路", "Renmin Road"),
    "avenue": Name("榕江大道", "Rongjiang Avenue"),
    "jiangwan": Name("江湾路", "Jiangwan Road"),
    "longyan": Name("龙眼大道", "Longyan Avenue"),
    "village_cross": Name("龙眼横路", "Longyan Cross Road"),
    "village_west": Name("涌边路", "Creekside Road"),
    "village_east": Name("果园路", "Orchard Road"),
}
BRIDGES: Final = {
    "renmin": Name("文昌桥", "Wenchang Bridge"),
    "avenue": Name("榕江大桥", "Rongjiang Bridge"),
    "longyan": Name("龙眼桥", "Longyan Bridge"),
    "creek_middle": Name("望江涌桥", "Wangjiang Creek Bridge"),
    "creek_north": Name("滨江涌桥", "Binjiang Creek Bridge"),
    "creek_south": Name("糖厂涌桥", "Sugar Mill Creek Bridge"),
}
MINOR_STREETS: Final = (
    Name("西华街", "Xihua Street"),
    Name("东兴街", "Dongxing Street"),
    Name("文明街", "Wenming Street"),
    Name("光华街", "Guanghua Street"),
    Name("朝天街", "Chaotian Street"),
    Name("南华街", "Nanhua Street"),
    Name("永安街", "Yong'an Street"),
    Name("新民街", "Xinmin Street"),
    Name("丰乐街", "Fengle Street"),
    Name("和平街", "Heping Street"),
    Name("兴隆街", "Xinglong Street"),
    Name("清风街", "Qingfeng Street"),
    Name("明月街", "Mingyue Street"),
    Name("泰安街", "Tai'an Street"),
    Name("惠民街", "Huimin Street"),
    Name("长寿街", "Changshou Street"),
    Name("太平街", "Taiping Street"),
    Name("春晖街", "Chunhui Street"),
    Name("德政街", "Dezheng Street"),
    Name("聚贤街", "Juxian Street"),
)

LANES: Final = (
    Name("榕树头巷", "Rongshutou Lane"),
    Name("豆腐巷", "Tofu Lane"),
    Name("打铁巷", "Smithy Lane"),
    Name("米行巷", "Rice Merchants' Lane"),
    Name("书院巷", "Academy Lane"),
    Name("盐仓巷", "Salt Store Lane"),
    Name("竹器巷", "Bamboo Lane"),
    Name("灯笼巷", "Lantern Lane"),
    Name("渔家巷", "Fishers' Lane"),
    Name("水井巷", "Well Lane"),
    Name("青石巷", "Bluestone Lane"),
    Name("茶亭巷", "Tea Pavilion Lane"),
    Name("桂花巷", "Osmanthus Lane"),
    Name("鸡蛋花巷", "Frangipani Lane"),
    Name("凤凰巷", "Flame Tree Lane"),
    Name("白兰巷", "Magnolia Lane"),
    Name("石榴巷", "Pomegranate Lane"),
    Name("杨桃巷", "Starfruit Lane"),
    Name("蒲葵巷", "Fan Palm Lane"),
    Name("芭蕉巷", "Plantain Lane"),
    Name("黄皮巷", "Wampee Lane"),
    Name("荷塘巷", "Lotus Pond Lane"),
    Name("晒谷巷", "Threshing Lane"),
    Name("祠堂巷", "Ancestral Hall Lane"),
    Name("村尾巷", "Village End Lane"),
    Name("果基巷", "Orchard Dyke Lane"),
    Name("南风巷", "South Wind Lane"),
    Name("北门巷", "North Gate Lane"),
    Name("织布巷", "Weavers' Lane"),
    Name("糖坊巷", "Sugar House Lane"),
    Name("码头巷", "Wharf Lane"),
    Name("长堤巷", "Long Dyke Lane"),
    Name("新园巷", "New Garden Lane"),
    Name("育才巷", "Yucai Lane"),
    Name("安居巷", "Anju Lane"),
    Name("和睦巷", "Hemu Lane"),
    Name("紫藤巷", "Wisteria Lane"),
    Name("月桂巷", "Laurel Lane"),
    Name("松柏巷", "Pine Lane"),
    Name("翠竹巷", "Green Bamboo Lane"),
    Name("观澜巷", "Guanlan Lane"),
    Name("映月巷", "Yingyue Lane"),
    Name("踏浪巷", "Talang Lane"),
    Name("晨曦巷", "Chenxi Lane"),
    Name("晚霞巷", "Wanxia Lane"),
    Name("云梯巷", "Yunti Lane"),
    Name("平安巷", "Ping'an Lane"),
    Name("如意巷", "Ruyi Lane"),
    Name("吉祥巷", "Jixiang Lane"),
    Name("同心巷", "Tongxin Lane"),
    Name("柚子巷", "Pomelo Lane"),
    Name("芒果巷", "Mango Lane"),
    Name("榕根巷", "Banyan Root Lane"),
    Name("东闸巷", "East Gate Lane"),
    Name("西闸巷", "West Gate Lane"),
    Name("塘基巷", "Pond Dyke Lane"),
    Name("鱼骨巷", "Fishbone Lane"),
    Name("蚝壳巷", "Oyster Shell Lane"),
    Name("镬耳巷", "Wok Gable Lane"),
    Name("趟栊巷", "Slat Door Lane"),
    Name("木屐巷", "Clog Lane"),
    Name("纸伞巷", "Paper Umbrella Lane"),
    Name("凉茶巷", "Herbal Tea Lane"),
    Name("双皮奶巷", "Milk Custard Lane"),
    Name("云吞巷", "Wonton Lane"),
    Name("粤韵巷", "Cantonese Opera Lane"),
    Name("醒狮巷", "Lion Dance Lane"),
    Name("龙舟巷", "Dragon Boat Lane"),
)

_SURNAMES: Final = (
    "陈 Chen,李 Li,黄 Huang,张 Zhang,梁 Liang,林 Lin,吴 Wu,刘 Liu,王 Wang,何 He,罗 Luo,杨 Yang,周 Zhou,"
    "郑 Zheng,叶 Ye,谢 Xie,曾 Zeng,赖 Lai,冯 Feng,邓 Deng,苏 Su,蔡 Cai,许 Xu,卢 Lu,"
    "麦 Mai,区 Ou,欧阳 Ouyang,钟 Zhong,潘 Pan,关 Guan,莫 Mo,简 Jian"
)
_FIRST: Final = (
    "若 Ruo,子 Zi,嘉 Jia,文 Wen,思 Si,晓 Xiao,志 Zhi,雨 Yu,明 Ming,慧 Hui,俊 Jun,美 Mei,国 Guo,永 Yong,丽 Li,景 Jing,"
    "卓 Zhuo,凯 Kai,诗 Shi,宇 Yu,安 An,静 Jing,秋 Qiu,海 Hai,建 Jian,玉 Yu"
)
_SECOND: Final = (
    "彤 tong,涵 han,琪 qi,峰 feng,婷 ting,辉 hui,妍 yan,豪 hao,萍 ping,强 qiang,莹 ying,华 hua,珊 shan,杰 jie,兰 lan,"
    "涛 tao,蓉 rong,健 jian,颖 ying,达 da,欣 xin,成 cheng,霞 xia,航 hang,芳 fang,洋 yang,然 ran,宁 ning"
)


def _pairs(table: str) -> tuple[tuple[str, str], ...]:
    return tuple((zh, en) for zh, en in (word.split(" ") for word in table.split(",")))


SURNAMES: Final = _pairs(_SURNAMES)
FIRST_SYLLABLES: Final = _pairs(_FIRST)
SECOND_SYLLABLES: Final = _pairs(_SECOND)


def people(rng: np.random.Generator, n: int) -> tuple[Name, ...]:
    """Draw `n` invented persons: surname and two syllables chosen independently; repeats are possible, as in life."""
    surname = rng.integers(len(SURNAMES), size=n)
    first = rng.integers(len(FIRST_SYLLABLES), size=n)
    second = rng.integers(len(SECOND_SYLLABLES), size=n)
    return tuple(
        _person(SURNAMES[s], FIRST_SYLLABLES[f], SECOND_SYLLABLES[g])
        for s, f, g in zip(surname, first, second, strict=True)
    )


def _person(surname: tuple[str, str], first: tuple[str, str], second: tuple[str, str]) -> Name:
    return Name(surname[0] + first[0] + second[0], f"{surname[1]} {first[1]}{second[1]}")


def phone(number: int) -> str:
    """Return a demonstration phone in E.164 form; country code 999 is nobody's.  `number` in [0, 99,999,999]."""
    return f"+999{number:08d}"


def email(mailbox: str) -> str:
    """Return a demonstration address; example.org never delivers (RFC 2606)."""
    return f"{mailbox}@example.org"
