//! Uzbek, in Latin letters.

use super::{Phrasebook, Topic};

pub(super) const PHRASEBOOK: Phrasebook = Phrasebook {
    agents: &[
        "Dilnoza", "Jasur", "Malika", "Sherzod", "Nodira", "Bekzod", "Zuhra", "Otabek", "Gulnora",
        "Farrux",
    ],
    clients: &[
        "Aziza Bahorova",
        "Rustam Tog'ayev",
        "Lola Chinorova",
        "Sardor Daryoyev",
        "Munira Gulzorova",
        "Anvar Qirg'oqov",
        "Feruza Bulutova",
        "Ulug'bek Yo'lchiyev",
        "Sevara Kuzova",
        "Temur Adirov",
    ],
    days: &[
        "dushanba kuni",
        "seshanba kuni",
        "chorshanba kuni",
        "payshanba kuni",
        "juma kuni",
        "shanba kuni",
    ],
    greetings: &[
        "Assalomu alaykum, {company}, men {agent}. Sizga qanday yordam bera olaman?",
        "{company}, assalomu alaykum, mening ismim {agent}, mijozlar bo'yicha menejerman. Eshitaman sizni.",
        "Xayrli kun, {company}ga qo'ng'iroq qildingiz, operator {agent}. Marhamat, gapiring.",
    ],
    short_greetings: &[
        "{company}, assalomu alaykum.",
        "Allo, {company}, eshitaman.",
        "Ha, {company}, gapiravering.",
    ],
    callbacks: &[
        "Assalomu alaykum, men {agent}, {company}dan. Saytimizda ariza qoldirgan ekansiz, hozir gaplashish qulaymi?",
        "Xayrli kun, mening ismim {agent}, {company}. Qayta qo'ng'iroq qilishimizni so'ragan edingiz, ikki daqiqangiz bormi?",
    ],
    ask_name: &[
        "Sizga qanday murojaat qilsam bo'ladi?",
        "Iltimos, ism va familiyangizni ayting.",
        "Ismingiz nima edi, kartangizni ochib olay?",
    ],
    give_name: &[
        "Mening ismim {client}.",
        "{client}.",
        "Ha, albatta, {client}.",
        "Yozib oling, {client}.",
    ],
    nods: &[
        "Ha, tushundim.",
        "Xo'p, eshitaman.",
        "Mayli, tushunarli.",
        "Yaxshi, rahmat.",
        "Hozir yozib olyapman.",
        "Bir soniya, belgilab qo'yay.",
        "Tushunarli, davom etamiz.",
        "Ha, hammasi to'g'ri.",
    ],
    holds: &[
        (
            "Iltimos, liniyada qoling, tizimdan tekshirib ko'raman.",
            "Xo'p, kutaman.",
        ),
        (
            "Bir daqiqa, hamkasbimdan so'rab olay, go'shakni qo'ymang.",
            "Ha, kutib turibman.",
        ),
        (
            "Kartangiz ochilyapti, tizim bugun biroz sekin ishlayapti.",
            "Hechqisi yo'q, shoshilmayapman.",
        ),
    ],
    small_talk: &[
        (
            "Bizga avval ham murojaat qilganmisiz?",
            "Ha, bir yil oldin, hammasidan mamnun bo'lganman.",
        ),
        (
            "Biz haqimizda qayerdan bilib oldingiz?",
            "Hamkasbim tavsiya qildi, u anchadan beri sizning mijozingiz.",
        ),
        (
            "Sizga qaysi aloqa qulay, telefonmi yoki messenjermi?",
            "Messenjer qulay, har doim ham go'shakni ko'tara olmayman.",
        ),
        (
            "Bu masalada siz uchun yana nima muhim?",
            "Eng muhimi, hammasi o'z vaqtida va kutilmagan narsalarsiz bo'lsin.",
        ),
        (
            "Saytimizdagi ma'lumotni ko'rib chiqdingizmi?",
            "Ko'rdim, lekin hammasini tushunmadim, shuning uchun qo'ng'iroq qildim.",
        ),
        (
            "To'g'ri tushundimmi, masalani bugun hal qilmoqchisiz?",
            "Iloji bo'lsa, ha, bugun bo'lsa juda yaxshi bo'lardi.",
        ),
        (
            "O'zingiz uchun so'rayapsizmi yoki yaqinlaringiz uchunmi?",
            "Oilam uchun, bunday ishlarni birga hal qilamiz.",
        ),
        (
            "Qisqacha ma'lumotni pochtangizga yuborsam bo'ladimi?",
            "Ha, yuboring, kechqurun ko'rib chiqaman.",
        ),
        (
            "Shartlarimizni boshqalar bilan solishtirib ko'rdingizmi?",
            "Solishtirdim, lekin hech kim bunchalik batafsil tushuntirmadi.",
        ),
        (
            "Hozir suhbatni davom ettirish qulaymi?",
            "Ha, albatta, davom etamiz.",
        ),
    ],
    agree_time: &[
        (
            "{day} soat {time} sizga qulaymi?",
            "Ha, {day} soat {time} to'g'ri keladi, yozib qo'ying.",
        ),
        (
            "{day}, {time} yoki bir kun keyin shu vaqtni taklif qila olaman.",
            "Mayli, {day}, {time} bo'lsin.",
        ),
        (
            "Eng yaqin bo'sh vaqt {day} soat {time}, band qilaymi?",
            "Ha, band qiling, iltimos.",
        ),
    ],
    contact: &[
        (
            "Siz bilan shu raqam orqali bog'lansak bo'ladimi?",
            "Ha, bu raqam doim yonimda.",
        ),
        (
            "Tasdiqni siz qo'ng'iroq qilayotgan raqamga yuboraman, to'g'rimi?",
            "Ha, shu raqamga, rahmat.",
        ),
    ],
    recap: &[
        "Demak, yakunlaymiz: {client}, {day} soat {time}, narxi {price} so'm, bir kun oldin eslatma yuboramiz.",
        "Takrorlayman: ariza raqami {number}, {day}, {time}. Hammasini yozib oldim, xabar besh daqiqada boradi.",
        "Yana bir tekshirib olaylik: murojaat raqami {number}, summa {price} so'm, keyin o'zimiz bog'lanamiz.",
    ],
    goodbyes: &[
        "{company}ga qo'ng'iroq qilganingiz uchun rahmat, kuningiz xayrli o'tsin, salomat bo'ling.",
        "Salomat bo'ling, yaxshi kunlar tilayman.",
        "Vaqtingiz uchun rahmat. Savol tug'ilsa, istalgan vaqtda qo'ng'iroq qiling. Xayr, salomat bo'ling.",
    ],
    client_goodbyes: &[
        "Rahmat, xayr.",
        "Katta rahmat, salomat bo'ling.",
        "Yordamingiz uchun rahmat, xayr.",
    ],
    complaints: &[
        "Rostini aytsam, uchinchi marta qo'ng'iroq qilyapman, hech kim aniq javob bermayapti.",
        "O'tgan hafta menga umuman boshqa narsa va'da qilishgan edi, ochig'i, hafsalam pir bo'ldi.",
        "O'n daqiqadan beri liniyada kutyapman, bu jiddiy emas-ku.",
    ],
    thanks: &[
        "Rahmat, juda tushunarli qilib aytib berdingiz.",
        "Zo'r, menga chindan ham yordam berdingiz.",
        "Ajoyib, bunchalik tez bo'ladi deb o'ylamagandim.",
    ],
};

pub(super) const TOPICS: [Topic; 5] = [
    Topic {
        companies: &[
            "Majnuntol klinikasi",
            "Sohil tibbiyot markazi",
            "Yettinchi buloq",
        ],
        needs: &[
            "Assalomu alaykum, kardiologga yozilmoqchi edim, iloji bo'lsa shu haftaga.",
            "Vaalaykum assalom, bizga pediatr kerak edi, qizim bir necha kundan beri yo'talyapti.",
            "Assalomu alaykum, tish shifokoriga yozilgan vaqtimni o'zgartirmoqchiman, o'sha paytda kela olmayman.",
        ],
        questions: &[
            (
                "Sizni aynan nima bezovta qilyapti, qachondan beri?",
                "Ikki haftadan beri, asosan kechqurunlari, zinadan chiqsam kuchayadi.",
            ),
            (
                "Yaqinda biror tahlil topshirganmisiz?",
                "Bir oy oldin qon topshirganman, javoblari qog'ozda bor.",
            ),
            (
                "Bu shifokorga birinchi kelishingizmi?",
                "Ha, birinchi marta, avval terapevtga borganman.",
            ),
            (
                "Sug'urta orqalimi yoki joyida to'laysizmi?",
                "Ishxonamdan sug'urtam bor, kartasi yonimda.",
            ),
            (
                "Dorilarga allergiyangiz bormi?",
                "Bilishimcha, faqat penitsillinga.",
            ),
            (
                "Qaysi filialimiz sizga yaqinroq?",
                "Park yonidagisi, metro oldidagi.",
            ),
            (
                "Qabul kattalarga kerakmi yoki bolagami?",
                "Kattalarga, o'zim uchun.",
            ),
            (
                "Doimiy ichadigan doringiz bormi?",
                "Ertalab qon bosimi uchun ichaman, boshqa yo'q.",
            ),
        ],
        offers: &[
            (
                "Bizda oliy toifali shifokor qabul qiladi, yakshanbadan tashqari har kuni, yozib qo'yishim mumkin.",
                "Yaxshi, u kishi haqida eshitganman.",
            ),
            (
                "Bir kunda konsultatsiya, kardiogramma va tahlillarni o'z ichiga olgan dasturni taklif qilardim.",
                "Bir kunda bo'lsa qulay, shunday qilaylik.",
            ),
        ],
        prices: &[
            (
                "Birinchi konsultatsiya {price} so'm turadi, bir oy ichida takroriysi arzonroq.",
                "Yaxshi, narxi to'g'ri keladi.",
            ),
            (
                "Hammasi birga {price} so'm bo'ladi, bir qismini sug'urta qoplaydi.",
                "Tushunarli, oldindan aytganingiz uchun rahmat.",
            ),
        ],
        objections: &[
            (
                "Bitta konsultatsiya uchun biroz qimmat ekan.",
                "Sizni tushunaman. Narxga ko'rik va yozma xulosa kiradi, ular uchun alohida to'lamaysiz.",
            ),
            (
                "Shuncha kutish kerakmi, ertaroq yo'qmi?",
                "Sizni kutish ro'yxatiga qo'yaman, joy bo'shasa, birinchi sizga qo'ng'iroq qilaman.",
            ),
        ],
        price_range: (120_000, 900_000, 10_000),
    },
    Topic {
        companies: &["Shimol Telekom", "Osmon Mobayl", "Tiniq To'lqin"],
        needs: &[
            "Assalomu alaykum, kechadan beri uydagi internet yomon ishlayapti, sahifalar zo'rg'a ochilyapti.",
            "Xayrli kun, tarifimni o'zgartirmoqchiman, gigabaytlar yetmayapti.",
            "Assalomu alaykum, ulamagan xizmatim uchun hisobimdan pul yechilibdi.",
        ],
        questions: &[
            (
                "Iltimos, shartnoma raqami yoki manzilni ayting.",
                "Shartnoma {number}, birinchi betda yozilgan.",
            ),
            (
                "Routerda hozir qaysi chiroqlar yonyapti?",
                "Quvvat chirog'i yashil, ikkinchisi qizil bo'lib o'chib yonyapti.",
            ),
            (
                "Routerni o'chirib yoqib ko'rdingizmi?",
                "Ikki marta, besh daqiqaga yordam beradi, keyin yana shu.",
            ),
            (
                "Muammo hamma qurilmalardami yoki bittasidami?",
                "Hammasida, telefonda ham, noutbukda ham.",
            ),
            (
                "Odatda bir oyda qancha trafik ishlatasiz?",
                "Qirq gigabaytcha, asosan kechqurun video ko'ramiz.",
            ),
            (
                "Kabel mahkam ulanganmi?",
                "Ha, hozirgina tekshirdim, mahkam turibdi.",
            ),
            (
                "Chet elga tez-tez qo'ng'iroq qilasizmi?",
                "Kamdan-kam, oyiga ikki marta ota-onamga.",
            ),
            (
                "Televideniye ham biz orqali ulanganmi?",
                "Ha, u muammosiz ko'rsatyapti.",
            ),
        ],
        offers: &[
            (
                "Sizni Oilaviy tarifga o'tkazishim mumkin, unda oltmish gigabayt va bitta hisobda uchta raqam bor.",
                "Uchta raqam, aynan bizga kerak narsa.",
            ),
            (
                "Usta chaqiraman, u routerni bepul almashtirib beradi.",
                "Yangi router juda yaxshi bo'lardi.",
            ),
        ],
        prices: &[
            (
                "Oylik to'lov {price} so'm bo'ladi, yashirin to'lovlarsiz.",
                "Bu hozir to'layotganimdan ham kam ekan.",
            ),
            (
                "O'tish bepul, keyingi oydan {price} so'm.",
                "Yaxshi, kelishdik.",
            ),
        ],
        objections: &[
            (
                "Boshqa kompaniya shuni arzonroq beryapti.",
                "Balki dastlabki uch oyda shundaydir. Bizda narx bir yil o'zgarmaydi, shartlarni yuborishim mumkin.",
            ),
            (
                "Yana biror narsaga imzo chekishni xohlamayman.",
                "Kerak ham emas, o'zgarish xabardagi kod bilan tasdiqlanadi.",
            ),
        ],
        price_range: (45_000, 190_000, 1_000),
    },
    Topic {
        companies: &["Granit Bank", "Meridian Uy Bank", "Birinchi Bog' Bank"],
        needs: &[
            "Assalomu alaykum, bankomat kartamni qaytarmadi, nima qilishim kerak?",
            "Xayrli kun, iste'mol krediti shartlarini bilmoqchi edim.",
            "Assalomu alaykum, hisobimda o'zim qilmagan to'lovni ko'ryapman.",
        ],
        questions: &[
            (
                "Kartaning oxirgi to'rtta raqamini ayting.",
                "Oxirgi to'rt raqami {number}.",
            ),
            (
                "Buni birinchi marta qachon payqadingiz?",
                "Bugun ertalab, xarid haqida xabar keldi.",
            ),
            (
                "Qancha summa va qancha muddatga kerak?",
                "Ellik million atrofida, uch yilga.",
            ),
            (
                "Oyligingiz bizning kartamizga tushadimi?",
                "Yo'q, boshqa bank kartasiga, lekin o'tkazishim mumkin.",
            ),
            (
                "Hozir boshqa kreditlaringiz bormi?",
                "Telefon uchun kichkina kredit bor, ikki oyda tugaydi.",
            ),
            (
                "Iltimos, maxfiy so'zni ayting.",
                "Maxfiy so'z kungaboqar, adashmasam.",
            ),
            (
                "Xabardagi kodni birovga aytdingizmi?",
                "Yo'q, hech kimga, aytish mumkin emasligini bilaman.",
            ),
            (
                "Kartani qayerdan olish sizga qulay?",
                "Markazdagi filialdan.",
            ),
        ],
        offers: &[
            (
                "Kartani blokladim, yangisi uch kunda tayyor bo'ladi, yetkazib berish bepul.",
                "Uch kun yaxshi, rahmat.",
            ),
            (
                "Oyligingiz bizning kartaga tushsa, past foizli kredit taklif qila olaman.",
                "Past foiz qiziq ekan, aytib bering.",
            ),
        ],
        prices: &[
            (
                "Oylik to'lov {price} so'm bo'ladi, foiz butun muddatga o'zgarmaydi.",
                "Bunday to'lovga imkoniyatim yetadi.",
            ),
            (
                "Qayta chiqarish {price} so'm, lekin bu safar sizdan olinmaydi.",
                "Juda yaxshi, rahmat.",
            ),
        ],
        objections: &[
            (
                "Foizi menga baland ko'rinyapti.",
                "Sizni tushunaman. Bu dastlabki foiz, arizadan keyin pasayishi mumkin, javob besh daqiqada keladi.",
            ),
            (
                "Ma'lumotlarni telefonda aytishga qo'rqaman.",
                "To'g'ri qilasiz. Menga kod ham, to'liq raqam ham kerak emas, faqat oxirgi to'rt raqam.",
            ),
        ],
        price_range: (350_000, 3_800_000, 50_000),
    },
    Topic {
        companies: &["Tezkor Posilka", "Eman Yetkazish", "Fonus Ekspress"],
        needs: &[
            "Assalomu alaykum, posilkam kecha kelishi kerak edi, hali ham yo'q.",
            "Xayrli kun, buyurtmamning manzilini o'zgartirmoqchiman.",
            "Assalomu alaykum, buyurtmadagi bitta quti shikastlangan holda keldi.",
        ],
        questions: &[
            ("Iltimos, buyurtma raqamini ayting.", "Raqami {number}."),
            (
                "Buyurtmada qaysi manzil ko'rsatilgan edi?",
                "Chinor ko'chasi, o'n ikki, ikkinchi yo'lak.",
            ),
            (
                "Kuryerdan xabar bo'ldimi?",
                "Yo'q, hech kim qo'ng'iroq ham qilmadi, yozmadi ham.",
            ),
            (
                "Posilkaning og'irligi taxminan qancha?",
                "To'rt kilocha, ichida kitoblar bor.",
            ),
            (
                "Faqat qadog'i shikastlanganmi yoki ichidagisi hammi?",
                "Faqat qadog'i, lekin qutining bir burchagi ho'l.",
            ),
            (
                "Qutining rasmini yubora olasizmi?",
                "Ha, uchta rasmga olib qo'ydim.",
            ),
            (
                "Kunning birinchi yarmida uyda kimdir bo'ladimi?",
                "Ha, uydan ishlayman, istalgan vaqtda.",
            ),
            (
                "Domofon ishlaydimi yoki kuryer qo'ng'iroq qilsinmi?",
                "Qo'ng'iroq qilsin, domofon ishlamaydi.",
            ),
        ],
        offers: &[
            (
                "Buyurtmani boshqa kuryerga beraman, u sizga qulay vaqtda boradi.",
                "Yaxshi, asosiysi kelsin.",
            ),
            (
                "Bugun o'rniga yangisini yuborishimiz mumkin, kuryer shikastlangan qutini olib ketadi.",
                "Almashtirib bersangiz eng yaxshisi bo'lardi.",
            ),
        ],
        prices: &[
            (
                "Manzilni o'zgartirish {price} so'm, yetkazish narxiga qo'shiladi.",
                "Mayli, roziman.",
            ),
            (
                "Kechikkanimiz uchun kartangizga {price} so'm qaytaramiz.",
                "Rahmat, bu adolatli.",
            ),
        ],
        objections: &[
            (
                "Shuni deb butun kun uyda o'tirdim.",
                "Shunday bo'lgani uchun uzr so'rayman. Yetkazishni shoshilinch deb belgilab, o'zim kuzataman.",
            ),
            (
                "Yana kelmasa-chi?",
                "Unda to'g'ri menga qo'ng'iroq qiling, ichki raqamimni qoldiraman, o'z mashinamizda olib boramiz.",
            ),
        ],
        price_range: (10_000, 90_000, 5_000),
    },
    Topic {
        companies: &["Qumtosh Uylari", "Bog' Kvartali", "Moviy Ayvon"],
        needs: &[
            "Assalomu alaykum, ikki xonali uylar haqidagi e'lonni ko'rdim, hali bormi?",
            "Xayrli kun, ijaraga ofis qidiryapman, sakson metrcha.",
            "Assalomu alaykum, e'londagi hovlini ko'rmoqchi edim.",
        ],
        questions: &[
            (
                "Qaysi tumanni ko'ryapsiz?",
                "Daryoga yaqinroq, lekin shovqinli ko'chada bo'lmasin.",
            ),
            (
                "Qancha byudjetni mo'ljallagansiz?",
                "Yetti yuz milliongacha, ipoteka bilan.",
            ),
            (
                "Uy o'zingiz uchunmi yoki sarmoyami?",
                "O'zimiz uchun, ikkita farzandimiz bor.",
            ),
            (
                "Qaysi qavat ma'qul?",
                "Birinchi ham, oxirgi ham emas, o'rtalarida.",
            ),
            ("Tayyor ta'mir muhimmi?", "Ha, darrov ko'chib kirmoqchimiz."),
            (
                "Qachon olishni rejalashtiryapsiz?",
                "Yaqin ikki oyda, ma'qulini topsak.",
            ),
            (
                "Avtoturargoh kerakmi?",
                "Iloji bo'lsa ikkita, ikkita mashinamiz bor.",
            ),
            (
                "Bank tasdig'i bormi?",
                "Javobini kutyapmiz, shu hafta kelishi kerak.",
            ),
        ],
        offers: &[
            (
                "Bog'ga qaragan yetmish to'rt metrli uy bor, istalgan kuni ko'rsataman.",
                "Yetmish to'rt metr bizga ayni keladi.",
            ),
            (
                "Beshta uydan tanlov tayyorlab, messenjeringizga yuboraman.",
                "Tanlov qulay, yuboring iltimos.",
            ),
        ],
        prices: &[
            (
                "Narxi {price} so'm, ikki yilga bo'lib to'lash mumkin.",
                "Bo'lib to'lash osonroq, yaxshi.",
            ),
            (
                "Bugun narxi {price} so'm, keyingi oydan oshadi.",
                "Tushunarli, unda shoshilish kerak ekan.",
            ),
        ],
        objections: &[
            (
                "Maktabdan biroz uzoq ekan.",
                "Hovlidan maktab avtobusi yuradi, sentabrda esa o'n daqiqalik yo'lda yangi maktab ochiladi.",
            ),
            (
                "Qo'shni uyda chegirma berishyapti.",
                "U bir yil keyin topshiriladi. Bizniki tayyor, kalitni keyingi oyda olishingiz mumkin.",
            ),
        ],
        price_range: (420_000_000, 1_200_000_000, 10_000_000),
    },
];
